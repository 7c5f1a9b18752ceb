-- The days on which anything that the records of one customer say may change. Customers of one
-- record need no cutting.
with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

merged as (
    select
        customer_key,
        min(first_seen_on) as first_seen_on
    from customer_links
    group by customer_key
    having count(*) > 1
),

cuts as (
    select
        customer_key,
        first_seen_on as valid_from
    from merged
    union distinct
    select
        m.customer_key,
        v.valid_from
    from merged as m
    inner join customer_links as l
        on m.customer_key = l.customer_key
    inner join customer_record_versions as v
        on l.record_key = v.record_key
)

select
    customer_key,
    valid_from,
    lead(valid_from) over (partition by customer_key order by valid_from) as valid_to
from cuts
