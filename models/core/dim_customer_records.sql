with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_edges as (
    select * from {{ ref('customer_edges') }}
),

customers as (
    select * from {{ ref('customers') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- The edges that hold a customer together, seen from each end.
ends as (
    select
        record_key_l as record_key,
        record_key_r as linked_record_key,
        rule,
        probability,
        strength
    from customer_edges
    union all
    select
        record_key_r as record_key,
        record_key_l as linked_record_key,
        rule,
        probability,
        strength
    from customer_edges
),

strongest as (
    select
        e.record_key,
        e.linked_record_key,
        e.rule,
        e.probability,
        row_number() over (
            partition by e.record_key
            order by e.strength desc, e.linked_record_key asc, e.rule asc
        ) as preference
    from ends as e
    inner join customer_links as one
        on e.record_key = one.record_key
    inner join customer_links as other
        on e.linked_record_key = other.record_key
    where one.customer_key = other.customer_key
)

select
    l.record_key,
    l.customer_key,
    s.linked_record_key,
    l.system,
    l.customer_id,
    l.first_seen_on,
    s.rule as linked_by,
    s.probability,
    l.record_key = l.customer_key as is_key_record,
    c.customer_id is null as is_inferred
from customer_links as l
cross join clock as t
left join strongest as s
    on l.record_key = s.record_key
    and s.preference = 1
left join customers as c
    on l.system = c.system
    and l.customer_id = c.customer_id
where l.first_seen_on <= t.as_of_date
