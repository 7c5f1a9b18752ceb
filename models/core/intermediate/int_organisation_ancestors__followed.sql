-- Each organisation with itself and all that is above it, as far as that is followed: up to the
-- top, or to the first member of a cycle; who is in a cycle, or too deep, stands alone.
with

organisations as (
    select * from {{ ref('int_organisations__related') }}
),

climbed as (
    select * from {{ ref('int_organisation_ancestors__climbed') }}
),

cycles as (
    select distinct customer_key
    from climbed
    where customer_key = ancestor_key
),

reaches as (
    select
        a.customer_key,
        max(a.distance) as steps,
        min(case when c.customer_key is not null then a.distance end) as steps_to_cycle
    from climbed as a
    left join cycles as c
        on a.ancestor_key = c.customer_key
    group by a.customer_key
)

select
    customer_key,
    customer_key as ancestor_key,
    0 as distance
from organisations

union all

select
    a.customer_key,
    a.ancestor_key,
    a.distance
from climbed as a
inner join reaches as r
    on a.customer_key = r.customer_key
left join cycles as c
    on a.customer_key = c.customer_key
where c.customer_key is null
    and a.distance <= coalesce(r.steps_to_cycle, r.steps)
    and (r.steps_to_cycle is not null or r.steps < {{ hierarchy_levels() }})
