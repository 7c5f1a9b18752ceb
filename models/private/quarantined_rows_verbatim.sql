with

unparseable_lines as (
    select * from {{ source('raw', 'unparseable_lines') }}
)

{% for feed in all_feeds() -%}
select
    load_id,
    '{{ feed }}' as feed,
    source_line_number as line_number,
    reasons,
    as_delivered
from {{ ref(feed ~ '_judged') }}
where verdict = 'quarantined'

union all

{% endfor -%}
select
    load_id,
    cast(null as string) as feed,
    line_number,
    'unparseable: ' || reason as reasons,
    line as as_delivered
from unparseable_lines
