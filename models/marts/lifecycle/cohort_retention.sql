with

customer_starts as (
    select * from {{ ref('customer_starts') }}
),

customer_months as (
    select * from {{ ref('customer_months') }}
),

snapshots as (
    select *
    from {{ ref('snapshots') }}
    where is_month_end
),

members as (
    select
        business_unit,
        customer_key,
        last_day(first_occasion_on) as cohort_month
    from customer_starts
    where not is_left_truncated
),

cohorts as (
    select
        business_unit,
        cohort_month,
        count(*) as customers
    from members
    group by business_unit, cohort_month
),

activity as (
    select
        m.business_unit,
        m.cohort_month,
        a.month_end,
        sum(case when a.occasions > 0 then 1 else 0 end) as active_customers,
        sum(a.occasions) as occasions,
        sum(a.net_amount_reporting) as net_amount
    from members as m
    inner join customer_months as a
        on m.business_unit = a.business_unit
        and m.customer_key = a.customer_key
        and m.cohort_month <= a.month_end
    group by m.business_unit, m.cohort_month, a.month_end
)

select
    c.business_unit,
    c.cohort_month,
    t.snapshot_on as month_end,
    cast({{ months_between('c.cohort_month', 't.snapshot_on') }} as integer) as age_months,
    c.customers,
    cast(coalesce(a.active_customers, 0) as bigint) as active_customers,
    round(coalesce(a.active_customers, 0) / cast(c.customers as double), 9) as active_share,
    cast(coalesce(a.occasions, 0) as bigint) as occasions,
    cast(coalesce(a.net_amount, 0) as decimal(38, 4)) as net_amount,
    cast(
        sum(coalesce(a.net_amount, 0)) over (
            partition by c.business_unit, c.cohort_month
            order by t.snapshot_on
            rows between unbounded preceding and current row
        ) as decimal(38, 4)
    ) as cumulative_net_amount
from cohorts as c
inner join snapshots as t
    on c.business_unit = t.business_unit
    and c.cohort_month <= t.snapshot_on
left join activity as a
    on c.business_unit = a.business_unit
    and c.cohort_month = a.cohort_month
    and t.snapshot_on = a.month_end
