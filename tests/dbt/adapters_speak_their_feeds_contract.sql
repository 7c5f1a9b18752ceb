-- A column that an adapter gives and its feed's contract does not know would be read by nobody: a
-- misspelt name must not pass for a column that the source lacks.
with

given as (
    {%- for system, tables in var('systems') | dictsort %}
    {%- for table, feed in tables | dictsort %}
    {%- set adapted = ref('stg_' ~ system ~ '__' ~ table) %}
    {%- if execute %}
    {%- for column in adapter.get_columns_in_relation(adapted) %}
    select
        '{{ adapted.identifier }}' as adapter,
        '{{ column.name | lower }}' as column_name,
        '{{ feed }}' as feed
    union all
    {%- endfor %}
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as string) as adapter,
        cast(null as string) as column_name,
        cast(null as string) as feed
    where false
),

known as (
    {%- for feed in all_feeds() %}
    {%- for column in feed_contract(feed).columns %}
    select
        '{{ feed }}' as feed,
        '{{ column.name }}' as column_name
    union all
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as string) as feed,
        cast(null as string) as column_name
    where false
)

select
    g.adapter,
    g.column_name,
    g.feed
from given as g
left join known as k
    on g.feed = k.feed
    and g.column_name = k.column_name
where k.feed is null
    and g.column_name not in ('_load_id', '_line_number')
