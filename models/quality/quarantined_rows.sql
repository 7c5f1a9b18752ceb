with

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

unparseable_lines as (
    select * from {{ source('raw', 'unparseable_lines') }}
),

rejected as (
    {%- for feed in all_feeds() %}
    select
        load_id,
        source_line_number as line_number,
        reasons,
        faulty_column as column_name,
        faulty_value as masked_value
    from {{ ref(feed ~ '_judged') }}
    where verdict = 'quarantined'

    union all
    {%- endfor %}

    select
        load_id,
        line_number,
        'unparseable: ' || reason as reasons,
        cast(null as string) as column_name,
        cast(null as string) as masked_value
    from unparseable_lines
)

select
    r.load_id,
    d.system,
    d.source_table,
    d.feed,
    d.file,
    r.line_number,
    r.reasons,
    r.column_name,
    r.masked_value
from rejected as r
inner join deliveries as d
    on r.load_id = d.load_id
