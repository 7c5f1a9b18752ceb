with

organisations as (
    select * from {{ ref('int_organisations__related') }}
),

climbed as (
    select * from {{ ref('int_organisation_ancestors__climbed') }}
),

followed as (
    select * from {{ ref('int_organisation_ancestors__followed') }}
),

-- Whoever comes back to itself walks through the whole cycle: its smallest key names it.
cycles as (
    select
        customer_key,
        min(ancestor_key) as cycle_key
    from climbed
    group by customer_key
    having count(case when ancestor_key = customer_key then 1 end) > 0
),

farthest as (
    select
        customer_key,
        max(distance) as distance
    from followed
    group by customer_key
),

placed as (
    select
        o.customer_key,
        o.parent_customer_key,
        a.ancestor_key as group_key,
        c.cycle_key,
        a.distance as depth,
        case
            when o.parent_status <> 'known' then o.parent_status
            when a.distance > 0 then 'followed'
            when c.cycle_key is not null then 'in_cycle'
            else 'too_deep'
        end as parent_status
    from organisations as o
    inner join farthest as f
        on o.customer_key = f.customer_key
    inner join followed as a
        on f.customer_key = a.customer_key
        and f.distance = a.distance
    left join cycles as c
        on a.ancestor_key = c.customer_key
)

select
    customer_key,
    parent_customer_key,
    case when cycle_key is null and parent_status <> 'too_deep' then group_key end
        as ultimate_parent_key,
    group_key,
    cycle_key,
    parent_status,
    case when cycle_key is null and parent_status <> 'too_deep' then depth end as depth,
    parent_status = 'in_cycle' as is_in_cycle,
    cycle_key is not null and parent_status = 'followed' as is_below_cycle
from placed
