{# Every difference between the SQL engines stands here, one macro each. Anything else in models/ is
   SQL that DuckDB and Spark both run. #}

{# A date plus a whole number of days. Never an interval: DuckDB takes 30 days for one month. #}
{% macro add_days(date_on, days) -%}
    {{ return(adapter.dispatch('add_days', 'crm')(date_on, days)) }}
{%- endmacro %}

{% macro default__add_days(date_on, days) -%}
    ({{ date_on }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(date_on, days) -%}
    date_add({{ date_on }}, cast({{ days }} as int))
{%- endmacro %}

{# The same day a whole number of months on; the last of the month where that month is shorter. #}
{% macro add_months(date_on, months) -%}
    {{ return(adapter.dispatch('add_months', 'crm')(date_on, months)) }}
{%- endmacro %}

{% macro default__add_months(date_on, months) -%}
    cast({{ date_on }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(date_on, months) -%}
    add_months({{ date_on }}, cast({{ months }} as int))
{%- endmacro %}

{# Whole days from one date to another; negative when the second is earlier. #}
{% macro days_between(from_on, to_on) -%}
    {{ return(adapter.dispatch('days_between', 'crm')(from_on, to_on)) }}
{%- endmacro %}

{% macro default__days_between(from_on, to_on) -%}
    ({{ to_on }} - {{ from_on }})
{%- endmacro %}

{% macro spark__days_between(from_on, to_on) -%}
    datediff({{ to_on }}, {{ from_on }})
{%- endmacro %}

{# A local time of a zone as an instant, a timestamp in UTC. #}
{% macro local_to_utc(local_at, time_zone) -%}
    {{ return(adapter.dispatch('local_to_utc', 'crm')(local_at, time_zone)) }}
{%- endmacro %}

{% macro default__local_to_utc(local_at, time_zone) -%}
    timezone('UTC', timezone('{{ time_zone }}', {{ local_at }}))
{%- endmacro %}

{% macro spark__local_to_utc(local_at, time_zone) -%}
    to_utc_timestamp({{ local_at }}, '{{ time_zone }}')
{%- endmacro %}

{# An instant in UTC as the local time of a zone. #}
{% macro utc_to_local(instant_at, time_zone) -%}
    {{ return(adapter.dispatch('utc_to_local', 'crm')(instant_at, time_zone)) }}
{%- endmacro %}

{% macro default__utc_to_local(instant_at, time_zone) -%}
    timezone('{{ time_zone }}', timezone('UTC', {{ instant_at }}))
{%- endmacro %}

{% macro spark__utc_to_local(instant_at, time_zone) -%}
    from_utc_timestamp({{ instant_at }}, '{{ time_zone }}')
{%- endmacro %}

{# A text with an offset as an instant, a timestamp in UTC; null where it is none. #}
{% macro offset_text_to_utc(text) -%}
    {{ return(adapter.dispatch('offset_text_to_utc', 'crm')(text)) }}
{%- endmacro %}

{% macro default__offset_text_to_utc(text) -%}
    timezone('UTC', try_cast({{ text }} as timestamp with time zone))
{%- endmacro %}

{% macro spark__offset_text_to_utc(text) -%}
    try_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'crm')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern | replace("'", "''") }}')
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike '{{ pattern | replace('\\', '\\\\') }}')
{%- endmacro %}

{# Every match replaced. #}
{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all', 'crm')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern | replace('\\', '\\\\') }}', '{{ replacement }}')
{%- endmacro %}

{# How a replacement names the pattern's n-th group. #}
{% macro capture(group) -%}
    {{ return(adapter.dispatch('capture', 'crm')(group)) }}
{%- endmacro %}

{% macro default__capture(group) -%}
    {{ return('\\' ~ group) }}
{%- endmacro %}

{% macro spark__capture(group) -%}
    {{ return('$' ~ group) }}
{%- endmacro %}

{# A text without blanks, tabs and line ends around it, Unicode's and the byte-order mark among them. #}
{% macro stripped(text) -%}
    {{ return(adapter.dispatch('stripped', 'crm')(text)) }}
{%- endmacro %}

{% macro default__stripped(text) -%}
    {%- set blanks = ' \t\r\n\u00a0\u2002\u2003\u2007\u2009\u200b\u202f\u3000\ufeff' -%}
    {#- Looking for blanks beyond ASCII costs five times as much as seeing that there are none. -#}
    case
        when left({{ text }}, 1) between '!' and '~' and right({{ text }}, 1) between '!' and '~'
            then {{ text }}
        else trim({{ text }}, '{{ blanks }}')
    end
{%- endmacro %}

{% macro spark__stripped(text) -%}
    {%- set blanks = ' \\t\\r\\n\\u00a0\\u2002\\u2003\\u2007\\u2009\\u200b\\u202f\\u3000\\ufeff' -%}
    trim(both '{{ blanks }}' from {{ text }})
{%- endmacro %}

{# The local time that a text names in a format of strptime; null where it is none. #}
{% macro local_time_of(text, format) -%}
    {{ return(adapter.dispatch('local_time_of', 'crm')(text, format)) }}
{%- endmacro %}

{% macro default__local_time_of(text, format) -%}
    try_strptime({{ text }}, {{ sql_text(format) }})
{%- endmacro %}

{% macro spark__local_time_of(text, format) -%}
    {%- set pattern = format
        | replace('%Y', 'yyyy') | replace('%m', 'M') | replace('%d', 'd') | replace('%y', 'yy')
        | replace('%H', 'H') | replace('%I', 'h') | replace('%p', 'a') | replace('%M', 'm')
        | replace('%S', 's') | replace('%b', 'MMM') | replace('%B', 'MMMM') -%}
    try_to_timestamp({{ text }}, {{ sql_text(pattern) }})
{%- endmacro %}

{# The instant that a text names as a count since 1970, `per` milliseconds each. #}
{% macro epoch_to_utc(text, per) -%}
    {{ return(adapter.dispatch('epoch_to_utc', 'crm')(text, per)) }}
{%- endmacro %}

{% macro default__epoch_to_utc(text, per) -%}
    make_timestamp(cast(try_cast({{ text }} as decimal(24, 6)) * {{ per * 1000 }} as bigint))
{%- endmacro %}

{% macro spark__epoch_to_utc(text, per) -%}
    timestamp_micros(cast(try_cast({{ text }} as decimal(24, 6)) * {{ per * 1000 }} as bigint))
{%- endmacro %}

{# An instant a whole number of hours later. #}
{% macro add_hours(instant_at, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'crm')(instant_at, hours)) }}
{%- endmacro %}

{% macro default__add_hours(instant_at, hours) -%}
    ({{ instant_at }} + to_hours({{ hours }}))
{%- endmacro %}

{% macro spark__add_hours(instant_at, hours) -%}
    timestampadd(hour, {{ hours }}, {{ instant_at }})
{%- endmacro %}

{# The rows of a system's adapter with every column of the feed, as text; null where it has none. #}
{% macro with_missing_columns(relation, contract) -%}
    {{ return(adapter.dispatch('with_missing_columns', 'crm')(relation, contract)) }}
{%- endmacro %}

{% macro default__with_missing_columns(relation, contract) -%}
    (
        select
            {%- for column in contract.columns %}
            cast(null as string) as {{ column.name }}{{ ',' if not loop.last }}
            {%- endfor %}
        where false
        union all by name
        select * from {{ relation }}
    )
{%- endmacro %}

{% macro spark__with_missing_columns(relation, contract) -%}
    {%- set present = adapter.get_columns_in_relation(relation)
        | map(attribute='name') | map('lower') | list -%}
    (
        select
            _load_id,
            _line_number
            {%- for column in contract.columns %},
            {{ column.name if column.name in present else 'cast(null as string) as ' ~ column.name }}
            {%- endfor %}
        from {{ relation }}
    )
{%- endmacro %}

{# Unicode's composed form, so that twins (é, e + accent) are one key. #}
{% macro composed(text) -%}
    {{ return(adapter.dispatch('composed', 'crm')(text)) }}
{%- endmacro %}

{% macro default__composed(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{% macro spark__composed(text) -%}
    {{ text }}
{%- endmacro %}

{# The sorted set of a column's values as one text. #}
{% macro ordered_list(text, separator=', ') -%}
    {{ return(adapter.dispatch('ordered_list', 'crm')(text, separator)) }}
{%- endmacro %}

{% macro default__ordered_list(text, separator) -%}
    string_agg(distinct {{ text }}, '{{ separator }}' order by {{ text }})
{%- endmacro %}

{% macro spark__ordered_list(text, separator) -%}
    array_join(array_sort(collect_set({{ text }})), '{{ separator }}')
{%- endmacro %}

{# A row of text columns as one JSON text. #}
{% macro as_json(columns) -%}
    {{ return(adapter.dispatch('as_json', 'crm')(columns)) }}
{%- endmacro %}

{% macro default__as_json(columns) -%}
    cast(to_json(struct_pack(
        {%- for name, value in columns.items() %}{{ name }} := {{ value }}{{ ', ' if not loop.last }}{% endfor -%}
    )) as string)
{%- endmacro %}

{% macro spark__as_json(columns) -%}
    to_json(named_struct(
        {%- for name, value in columns.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor -%}
    ))
{%- endmacro %}

{# Our key of a record: 60 bits of the MD5 of its system and id. A pure function of the input, the same
   on every engine, small enough to join fast; that no two collide is tested on every build. #}
{% macro surrogate_key(parts) -%}
    {{ return(adapter.dispatch('surrogate_key', 'crm')(parts)) }}
{%- endmacro %}

{% macro default__surrogate_key(parts) -%}
    cast(concat('0x', substr(md5(concat_ws('|', {{ parts | join(', ') }})), 1, 15)) as bigint)
{%- endmacro %}

{% macro spark__surrogate_key(parts) -%}
    cast(conv(substr(md5(concat_ws('|', {{ parts | join(', ') }})), 1, 15), 16, 10) as bigint)
{%- endmacro %}

{# One row per day from a date to another, both inclusive, as column date_on. #}
{% macro days_from_to(from_on, to_on) -%}
    {{ return(adapter.dispatch('days_from_to', 'crm')(from_on, to_on)) }}
{%- endmacro %}

{% macro default__days_from_to(from_on, to_on) -%}
    select cast(unnest(generate_series({{ from_on }}, {{ to_on }}, interval 1 day)) as date) as date_on
{%- endmacro %}

{% macro spark__days_from_to(from_on, to_on) -%}
    select explode(sequence({{ from_on }}, {{ to_on }}, interval 1 day)) as date_on
{%- endmacro %}

{# A list of texts as one text, in its own order; null where it is empty. #}
{% macro joined(list, separator=', ') -%}
    {{ return(adapter.dispatch('joined', 'crm')(list, separator)) }}
{%- endmacro %}

{% macro default__joined(list, separator) -%}
    nullif(array_to_string({{ list }}, '{{ separator }}'), '')
{%- endmacro %}

{% macro spark__joined(list, separator) -%}
    nullif(array_join({{ list }}, '{{ separator }}'), '')
{%- endmacro %}

{# Minutes from one instant to another, a double. #}
{% macro minutes_between(from_at, to_at) -%}
    {{ return(adapter.dispatch('minutes_between', 'crm')(from_at, to_at)) }}
{%- endmacro %}

{% macro default__minutes_between(from_at, to_at) -%}
    round(date_diff('second', {{ from_at }}, {{ to_at }}) / cast(60 as double), 2)
{%- endmacro %}

{% macro spark__minutes_between(from_at, to_at) -%}
    round(timestampdiff(second, {{ from_at }}, {{ to_at }}) / cast(60 as double), 2)
{%- endmacro %}

{# Letters without the marks on them: é as e. #}
{% macro without_marks(text) -%}
    {{ return(adapter.dispatch('without_marks', 'crm')(text)) }}
{%- endmacro %}

{% macro default__without_marks(text) -%}
    strip_accents({{ text }})
{%- endmacro %}

{% macro spark__without_marks(text) -%}
    translate(
        {{ text }},
        'àáâãäåāăąǎçćĉċčďèéêëēĕėęěĝğġģĥìíîïĩīĭįǐĵķĺļľñńņňòóôõöōŏőǒŕŗřśŝşšșţťțùúûüũūŭůűųǔǖǘǚǜŵýÿŷźżž',
        'aaaaaaaaaacccccdeeeeeeeeegggghiiiiiiiiijklllnnnnooooooooorrrssssstttuuuuuuuuuuuuuuuwyyyzzz'
    )
{%- endmacro %}

{# The words of a text in the order of the alphabet. #}
{% macro sorted_words(text) -%}
    {{ return(adapter.dispatch('sorted_words', 'crm')(text)) }}
{%- endmacro %}

{% macro default__sorted_words(text) -%}
    array_to_string(list_sort(string_split({{ text }}, ' ')), ' ')
{%- endmacro %}

{% macro spark__sorted_words(text) -%}
    array_join(array_sort(split({{ text }}, ' ')), ' ')
{%- endmacro %}

{# A text in small letters with each word's first letter large. #}
{% macro in_title_case(text) -%}
    {{ return(adapter.dispatch('in_title_case', 'crm')(text)) }}
{%- endmacro %}

{% macro default__in_title_case(text) -%}
    array_to_string(list_transform(
        string_split({{ text }}, ' '), lambda word: upper(substr(word, 1, 1)) || substr(word, 2)
    ), ' ')
{%- endmacro %}

{% macro spark__in_title_case(text) -%}
    initcap({{ text }})
{%- endmacro %}

{# How many letters of two texts differ; two that have changed places count as one. #}
{% macro typos_between(l, r) -%}
    {{ return(adapter.dispatch('typos_between', 'crm')(l, r)) }}
{%- endmacro %}

{% macro default__typos_between(l, r) -%}
    damerau_levenshtein({{ l }}, {{ r }})
{%- endmacro %}

{% macro spark__typos_between(l, r) -%}
    levenshtein({{ l }}, {{ r }}) - case
        when levenshtein({{ l }}, {{ r }}) = 2 and {{ has_same_letters(l, r) }} then 1
        else 0
    end
{%- endmacro %}

{# Whether two texts have the same letters, in whatever order. #}
{% macro has_same_letters(l, r) -%}
    {{ return(adapter.dispatch('has_same_letters', 'crm')(l, r)) }}
{%- endmacro %}

{% macro default__has_same_letters(l, r) -%}
    (list_sort(string_split({{ l }}, '')) = list_sort(string_split({{ r }}, '')))
{%- endmacro %}

{% macro spark__has_same_letters(l, r) -%}
    (array_sort(split({{ l }}, '')) = array_sort(split({{ r }}, '')))
{%- endmacro %}
