-- Who is current is neither overdue nor ended; decline by spend is current.
with

described as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__described'),
        ref('changed_lifecycle_snapshots'),
        ['snapshot_number']
    ) }}
),

snapshots as (
    select *
    from {{ changed_rows(
        ref('snapshots'), ref('changed_lifecycle_snapshots'), ['snapshot_number']
    ) }}
),

customer_months as (
    select * from {{ ref('customer_months') }}
),

-- A unit that nobody knows has no flows.
units as (
    select distinct business_unit
    from described
),

kinds as (
    select
        d.business_unit,
        d.snapshot_on,
        d.was_current,
        d.occasions > 0 and not d.is_gone as is_current,
        case
            when coalesce(m.occasions, 0) = 0 then 'none'
            when d.is_new then 'new'
            when d.is_reactivated then 'reactivated'
            else 'returning'
        end as purchase,
        d.was_current or d.is_new or d.is_reactivated as may_lapse,
        -- Bought nothing: another contract runs.
        d.occasions > 0
        and not (d.is_gone or d.was_current or d.is_new or d.is_reactivated) as is_renewed,
        m.net_amount_reporting
    from described as d
    left join customer_months as m
        on d.business_unit = m.business_unit
        and d.customer_key = m.customer_key
        and d.snapshot_on = m.month_end
    where d.is_month_end
        and d.occasions > 0
),

counted as (
    select
        business_unit,
        snapshot_on,
        {%- for purchase in ['new', 'returning', 'reactivated'] %}
        sum(case when purchase = '{{ purchase }}' then 1 else 0 end) as {{ purchase }}_customers,
        sum(case when purchase = '{{ purchase }}' then net_amount_reporting end)
            as {{ purchase }}_net_amount,
        {%- endfor %}
        sum(case when was_current then 1 else 0 end) as opening_customers,
        sum(case when is_current then 1 else 0 end) as closing_customers,
        sum(case when is_renewed then 1 else 0 end) as renewed_customers,
        sum(case when may_lapse and not is_current then 1 else 0 end) as lapsed_customers
    from kinds
    group by business_unit, snapshot_on
)

select
    t.business_unit,
    t.snapshot_on as month_end,
    cast(coalesce(c.opening_customers, 0) as bigint) as opening_customers,
    cast(coalesce(c.new_customers, 0) as bigint) as new_customers,
    cast(coalesce(c.reactivated_customers, 0) as bigint) as reactivated_customers,
    cast(coalesce(c.renewed_customers, 0) as bigint) as renewed_customers,
    cast(coalesce(c.lapsed_customers, 0) as bigint) as lapsed_customers,
    cast(coalesce(c.closing_customers, 0) as bigint) as closing_customers,
    cast(coalesce(c.returning_customers, 0) as bigint) as returning_customers,
    cast(
        coalesce(c.new_customers + c.returning_customers + c.reactivated_customers, 0) as bigint
    ) as buyers,
    cast(c.new_net_amount as decimal(38, 4)) as new_net_amount,
    cast(c.returning_net_amount as decimal(38, 4)) as returning_net_amount,
    cast(c.reactivated_net_amount as decimal(38, 4)) as reactivated_net_amount
from snapshots as t
inner join units as u
    on t.business_unit = u.business_unit
left join counted as c
    on t.business_unit = c.business_unit
    and t.snapshot_on = c.snapshot_on
where t.is_month_end
