{# One row per delivered row of a feed, typed by its contract, with a verdict: accepted, quarantined
   (reasons say why) or superseded (superseded_because says by what). #}
{% macro judge_feed(feed) -%}
{%- set contract = feed_contract(feed) -%}
{%- if not systems_with(feed) -%}
    {{ return(nothing_judged(contract)) }}
{%- endif -%}
with

{# Keys are compared in a cheap first pass; only rows that share one are ranked against each other. #}
contested as (
    {{ contested_keys(feed) }}
),

contested_rows as (
    {{ typed_rows(feed, only_contested=true) }}
),

ranked as (
    {{ ranked_versions(feed) }}
),

typed_rows as (
    {{ typed_rows(feed) }}
)

select
    t.load_id,
    t.source_line_number,
    t.system,
    t.business_unit,
    {%- for column in contract.columns %}
    t.{{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    t.{{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    case
        when t.reasons is not null or r.reasons is not null then 'quarantined'
        when r.superseded_because is not null then 'superseded'
        else 'accepted'
    end as verdict,
    coalesce(t.reasons, r.reasons) as reasons,
    r.superseded_because,
    t.faulty_column,
    t.faulty_value,
    t.as_delivered
from typed_rows as t
left join ranked as r
    on t.load_id = r.load_id
    and t.source_line_number = r.source_line_number
{%- endmacro %}


{# The same columns without a row: no switched-on system has the feed. #}
{% macro nothing_judged(contract) -%}
select
    cast(null as bigint) as load_id,
    cast(null as bigint) as source_line_number,
    cast(null as string) as system,
    cast(null as string) as business_unit,
    {%- for column in contract.columns %}
    cast(null as {{ column.data_type }}) as {{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    cast(null as date) as {{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    cast(null as string) as verdict,
    cast(null as string) as reasons,
    cast(null as string) as superseded_because,
    cast(null as string) as faulty_column,
    cast(null as string) as faulty_value,
    cast(null as string) as as_delivered
where false
{%- endmacro %}


{# The key under which rows compete: what is replaced as a whole, else the natural key. #}
{% macro competing_key(feed) -%}
    {%- set meta = feed_contract(feed).meta -%}
    {{ return(meta.replaces or meta.natural_key) }}
{%- endmacro %}


{# A system's delivered text without blanks around it; its null tokens are null. #}
{% macro cleaned(column, system) -%}
    case
        when trim({{ column }}) in (
            {%- for token in system_meta(system).null_tokens -%}
                {{ sql_text(token) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ) then null
        else trim({{ column }})
    end
{%- endmacro %}


{# Keys that more than one row, delivery or withdrawal speaks of. Invalid rows count too: this only
   narrows down what must be ranked. #}
{% macro contested_keys(feed) -%}
{%- set meta = feed_contract(feed).meta -%}
{%- set key = competing_key(feed) -%}
{%- set columns = feed_contract(feed).columns -%}
{%- set has_withdrawals = 'is_deleted' in columns | map(attribute='name') -%}
{%- for system in systems_with(feed) %}
    select
        '{{ system }}' as system,
        {%- for column in key %}
        {{ composed(cleaned(column, system)) }} as {{ column }},
        {%- endfor %}
        count(*) as delivered_rows
    from {{ ref('stg_' ~ system ~ '__' ~ feed) }}
    group by {{ range(2, 2 + (key | length)) | join(', ') }}
    having
        {%- if meta.replaces %}
        min(_load_id) <> max(_load_id)
        {%- for column in columns if column.name in meta.natural_key and column.name not in key %}
        or count({{ column.name }}) <> count(distinct {{ typed_value(column, cleaned(column.name, system), 'UTC') }})
        {%- endfor %}
        {%- else %}
        count(*) > 1
        {%- endif %}
        {%- if has_withdrawals %}
        or count(case when lower(trim(is_deleted)) in ('true', 't', 'yes', 'y', '1') then 1 end) > 0
        {%- endif %}
    {{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{# Every delivered row of a feed, typed, with what is wrong with it. #}
{% macro typed_rows(feed, only_contested=false) -%}
{%- set contract = feed_contract(feed) -%}
{%- set key = competing_key(feed) -%}
{%- for system in systems_with(feed) %}
{%- set time_zone = system_meta(system).time_zone %}
select
    {{ row_with_faults(feed, contract) }}
from (
    select
        d.load_id,
        d._line_number as source_line_number,
        '{{ system }}' as system,
        '{{ system_meta(system).business_unit }}' as business_unit,
        deliveries.precedence,
        deliveries.delivered_at,
        {%- for column in contract.columns %}
        d.text_{{ column.name }},
        {{ typed_value(column, 'd.text_' ~ column.name, time_zone) }} as {{ column.name }},
        {%- if (column.config.meta or {}).business_day %}
        {{ business_day('d.text_' ~ column.name, typed_value(column, 'd.text_' ~ column.name, time_zone), time_zone) }}
            as {{ column.config.meta.business_day }},
        {%- endif %}
        {%- endfor %}
        d.is_delivered
    from (
        select
            s._load_id as load_id,
            s._line_number,
            {%- for column in contract.columns %}
            {{ cleaned('s.' ~ column.name, system) }} as text_{{ column.name }},
            {%- endfor %}
            true as is_delivered
        from {{ ref('stg_' ~ system ~ '__' ~ feed) }} as s
        {%- if only_contested %}
        inner join contested as c
            on c.system = '{{ system }}'
            {%- for column in key %}
            and {{ composed(cleaned('s.' ~ column, system)) }} = c.{{ column }}
            {%- endfor %}
        {%- endif %}
    ) as d
    inner join {{ source('raw', 'deliveries') }} as deliveries
        on d.load_id = deliveries.load_id
) as v
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{# The select list over typed rows `v`: typed columns, then reasons, the first faulty column, its value
   with letters and digits masked, and for faulty rows only the row as delivered. #}
{% macro row_with_faults(feed, contract) -%}
    {%- set faults = [] -%}
    {%- for column in contract.columns -%}
        {%- do faults.append((column.name, column_faults(column, 'v.text_' ~ column.name, 'v.' ~ column.name))) -%}
    {%- endfor -%}
    {%- set any_fault = [] -%}
    {%- for name, rules in faults -%}
        {%- for rule in rules -%}
            {%- do any_fault.append('(' ~ rule.when ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set groups = contract.meta.require_one_of or [] -%}
    {%- for group in groups -%}
        {%- do any_fault.append('(' ~ none_delivered(group) ~ ')') -%}
    {%- endfor -%}
    {%- set is_faulty = any_fault | join('\n            or ') or 'false' -%}
    v.load_id,
    v.source_line_number,
    v.system,
    v.business_unit,
    v.precedence,
    {%- for column in contract.columns %}
    v.{{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    v.{{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    case
        when {{ is_faulty }}
            then concat_ws(
                ', '
                {%- for name, rules in faults if rules %},
                case
                    {%- for rule in rules %}
                    when {{ rule.when }} then '{{ name }}: {{ rule.rule }}'
                    {%- endfor %}
                end
                {%- endfor %}
                {%- for group in groups %},
                case when {{ none_delivered(group) }} then '{{ group | join(" or ") }}: required' end
                {%- endfor %}
            )
    end as reasons,
    case
        {%- for name, rules in faults %}
        {%- for rule in rules %}
        when {{ rule.when }} then '{{ name }}'
        {%- endfor %}
        {%- endfor %}
        {%- for group in groups %}
        when {{ none_delivered(group) }} then '{{ group[0] }}'
        {%- endfor %}
    end as faulty_column,
    case
        {%- for name, rules in faults %}
        {%- for rule in rules %}
        when {{ rule.when }} then {{ masked('v.text_' ~ name) }}
        {%- endfor %}
        {%- endfor %}
    end as faulty_value,
    case
        when {{ is_faulty }}
            then {{ as_json_of_texts(contract) }}
    end as as_delivered
{%- endmacro %}


{% macro none_delivered(columns) -%}
    {%- for column in columns -%}
        v.text_{{ column }} is null{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Shows a value's shape without its content: letters as x, digits as 9, the first 40 characters. #}
{% macro masked(text) -%}
    {{ replace_all(replace_all('substr(' ~ text ~ ', 1, 40)', '[0-9]', '9'), '[^0-9[:punct:][:space:]]', 'x') }}
{%- endmacro %}


{% macro as_json_of_texts(contract) -%}
    {%- set texts = {} -%}
    {%- for column in contract.columns -%}
        {%- do texts.update({column.name: 'v.text_' ~ column.name}) -%}
    {%- endfor -%}
    {{ as_json(texts) }}
{%- endmacro %}


{# The accepted rows of a feed: the contract's columns and where each row came from. #}
{% macro accepted_rows(feed) -%}
select
    system,
    business_unit,
    {%- for column in feed_contract(feed).columns %}
    {{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    {{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    load_id,
    source_line_number
from {{ ref(feed ~ '_judged') }}
where verdict = 'accepted'
{%- endmacro %}
