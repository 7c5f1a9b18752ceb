with

customer_months as (
    select *
    from {{ changed_rows(
        ref('lifecycle_customer_months'),
        ref('changed_lifecycle_snapshots'),
        {'business_unit': 'business_unit', 'month_end': 'snapshot_on'}
    ) }}
),

moves as (
    select
        business_unit,
        month_end,
        case
            when entered_on < month_end then stage
            else coalesce(previous_stage, 'not_known')
        end as from_stage,
        stage as to_stage,
        count(*) as customers
    from customer_months
    group by business_unit, month_end, from_stage, to_stage
),

counted as (
    select
        *,
        sum(customers) over (partition by business_unit, month_end, from_stage) as from_customers
    from moves
)

select
    business_unit,
    month_end,
    from_stage,
    to_stage,
    cast(customers as bigint) as customers,
    case
        when from_stage <> 'not_known' then round(customers / cast(from_customers as double), 9)
    end as share_of_from
from counted
