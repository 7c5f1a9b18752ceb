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
        sum(a.lines) as lines,
        sum(a.lines_with_rate) as lines_with_rate,
        sum(a.net_amount_reporting) as net_amount
    from members as m
    inner join customer_months as a
        on m.business_unit = a.business_unit
        and m.customer_key = a.customer_key
        and m.cohort_month <= a.month_end
    group by m.business_unit, m.cohort_month, a.month_end
),

followed as (
    select
        c.business_unit,
        c.cohort_month,
        t.snapshot_on as month_end,
        c.customers,
        coalesce(a.active_customers, 0) as active_customers,
        coalesce(a.occasions, 0) as occasions,
        case when a.lines is null then 0 else a.net_amount end as net_amount,
        sum(a.lines) over since as lines,
        sum(a.lines_with_rate) over since as lines_with_rate,
        sum(a.net_amount) over since as cumulative_net_amount
    from cohorts as c
    inner join snapshots as t
        on c.business_unit = t.business_unit
        and c.cohort_month <= t.snapshot_on
    left join activity as a
        on c.business_unit = a.business_unit
        and c.cohort_month = a.cohort_month
        and t.snapshot_on = a.month_end
    window since as (
        partition by c.business_unit, c.cohort_month
        order by t.snapshot_on
        rows between unbounded preceding and current row
    )
)

select
    business_unit,
    cohort_month,
    month_end,
    cast({{ months_between('cohort_month', 'month_end') }} as integer) as age_months,
    customers,
    cast(active_customers as bigint) as active_customers,
    round(active_customers / cast(customers as double), 9) as active_share,
    cast(occasions as bigint) as occasions,
    cast(net_amount as decimal(38, 4)) as net_amount,
    cast(cumulative_net_amount as decimal(38, 4)) as cumulative_net_amount,
    round(lines_with_rate / cast(lines as double), 9) as amount_coverage_ratio
from followed
