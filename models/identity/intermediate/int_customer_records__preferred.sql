-- Which records of a merged customer speak in an interval, the one to be believed first as 1: the
-- most trusted, then the most recently changed. When a dated version was delivered says nothing;
-- undated ones count by the day of their delivery, and within one system by its deliveries' order.
-- Where nothing tells, the names do, so that there is an order.
with

intervals as (
    select * from {{ ref('int_customer_intervals__cut') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
)

select
    i.customer_key,
    i.valid_from,
    v.record_key,
    v.version_number,
    v.system,
    v.updated_at,
    case when v.updated_at is null then v.delivered_on end as undated_on,
    case when v.updated_at is null then v.precedence end as undated_precedence,
    v.trust_rank,
    row_number() over (
        partition by i.customer_key, i.valid_from
        order by
            v.trust_rank desc,
            v.updated_at desc nulls last,
            case when v.updated_at is null then v.delivered_on end desc nulls last,
            v.system asc,
            case when v.updated_at is null then v.precedence end desc nulls last,
            v.customer_id asc
    ) as preference
from intervals as i
inner join customer_links as l
    on i.customer_key = l.customer_key
inner join customer_record_versions as v
    on l.record_key = v.record_key
    and i.valid_from >= v.valid_from
    and (v.valid_to is null or i.valid_from < v.valid_to)
where not v.is_withdrawn
