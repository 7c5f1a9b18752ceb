{# One row per delivered row of a feed, typed by its contract, with every rule it breaks. A pure function of
   the delivery: other deliveries do not change it. #}
{% macro typed_rows(feed) -%}
{%- set contract = feed_contract(feed) -%}
{%- set tables = tables_with(feed) -%}
{%- set arrived_loads = ref('arrived_loads') -%}
{%- for table in tables %}
{%- set meta = table_meta(table.system, table.table) %}
select
    {{ row_with_reasons(contract) }}
from (
    select
        v.*,
        {%- for column in contract.columns %}
        {{ first_fault(contract, column, meta) }} as fault_{{ column.name }},
        {%- endfor %}
        {{ doubts(contract, meta) }} as doubts
    from (
        select
            t.*,
            d.delivered_at,
            {%- for column in contract.columns %}
            {%- set typed = typed_value(column, 't.text_' ~ column.name, meta) %}
            {{ typed }} as {{ column.name }}
            {%- if (column.config.meta or {}).business_day %},
            {{ business_day('t.text_' ~ column.name, typed, meta) }}
                as {{ column.config.meta.business_day }}
            {%- endif %}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                _load_id as load_id,
                _line_number as source_line_number,
                '{{ table.system }}' as system,
                {{ sql_text(meta.business_unit) }} as business_unit,
                {%- for column in contract.columns %}
                {{ cleaned(column, meta) }} as text_{{ column.name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ with_missing_columns(ref('stg_' ~ table.system ~ '__' ~ table.table), contract) }}
        ) as t
        inner join {{ source('raw', 'deliveries') }} as d
            on t.load_id = d.load_id
        {%- if is_incremental() %}
        where {{ is_changed('d', arrived_loads, ['load_id']) }}
        {%- endif %}
    ) as v
) as f
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- if not tables %}
{{ nothing_typed(contract) }}
{%- endif %}
{%- endmacro %}


{# The same columns without a row: no switched-on system has the feed. #}
{% macro nothing_typed(contract) -%}
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
    cast(null as string) as reasons,
    cast(null as string) as doubts,
    cast(null as string) as faulty_column,
    cast(null as string) as faulty_value,
    cast(null as string) as as_delivered
where false
{%- endmacro %}


{# A delivered text without blanks around it; the table's null tokens are null. #}
{% macro cleaned(column, meta) -%}
    {%- set text = stripped(column.name) -%}
    case
        when {{ text }} in (
            {%- for token in meta.null_tokens -%}
                {{ sql_text(token) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ) then null
        else {{ text }}
    end
{%- endmacro %}


{# The select list over rows `f` whose columns' faults are known: the typed columns, then every reason, the
   first faulty column, its value with letters and digits masked and, for faulty rows only, the row as
   delivered. #}
{% macro row_with_reasons(contract) -%}
    {%- set names = contract.columns | map(attribute='name') | list -%}
    f.load_id,
    f.source_line_number,
    f.system,
    f.business_unit,
    {%- for column in contract.columns %}
    f.{{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    f.{{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    nullif(concat_ws(
        ', '
        {%- for name in names %},
        '{{ name }}: ' || f.fault_{{ name }}
        {%- endfor %}
        {%- for group in contract.meta.require_one_of or [] %},
        case when {{ none_delivered(group) }} then '{{ group | join(" or ") }}: required' end
        {%- endfor %}
    ), '') as reasons,
    f.doubts,
    case
        {%- for name in names %}
        when f.fault_{{ name }} is not null then '{{ name }}'
        {%- endfor %}
        {%- for group in contract.meta.require_one_of or [] %}
        when {{ none_delivered(group) }} then '{{ group[0] }}'
        {%- endfor %}
    end as faulty_column,
    case
        {%- for name in names %}
        when f.fault_{{ name }} is not null then {{ masked('f.text_' ~ name) }}
        {%- endfor %}
    end as faulty_value,
    case
        when coalesce(
            {%- for name in names %}
            f.fault_{{ name }},
            {%- endfor %}
            {%- for group in contract.meta.require_one_of or [] %}
            case when {{ none_delivered(group) }} then 'required' end,
            {%- endfor %}
            null
        ) is not null then {{ as_json_of_texts(contract) }}
    end as as_delivered
{%- endmacro %}


{% macro none_delivered(columns) -%}
    not coalesce(f.is_deleted, false)
    {%- for column in columns %} and f.text_{{ column }} is null{% endfor -%}
{%- endmacro %}


{# What is accepted and yet not certain: a local time that the clocks passed twice in autumn. #}
{% macro doubts(contract, meta) -%}
    {%- set times = contract.columns | selectattr('data_type', 'equalto', 'timestamp') | list -%}
    {%- if times and meta.time_zone != 'UTC' -%}
        nullif(concat_ws(
            ', '
            {%- for column in times %},
            case
                when {{ is_repeated_time('v.text_' ~ column.name, 'v.' ~ column.name, meta) }}
                    then '{{ column.name }}: passed_twice_by_the_clock'
            end
            {%- endfor %}
        ), '')
    {%- else -%}
        cast(null as string)
    {%- endif -%}
{%- endmacro %}


{# Shows a value's shape without its content: digits as 9, blanks and ASCII's signs as they are, anything
   else as x; the first 40 characters. #}
{% macro masked(text) -%}
    {{ replace_all(replace_all('substr(' ~ text ~ ', 1, 40)', '[0-9]', '9'), '[^ -@_{-~]', 'x') }}
{%- endmacro %}


{% macro as_json_of_texts(contract) -%}
    {%- set texts = {} -%}
    {%- for column in contract.columns -%}
        {%- do texts.update({column.name: 'f.text_' ~ column.name}) -%}
    {%- endfor -%}
    {{ as_json(texts) }}
{%- endmacro %}
