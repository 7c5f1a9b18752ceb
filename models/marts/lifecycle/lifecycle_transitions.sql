with

described as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__described'),
        ref('changed_lifecycle_snapshots'),
        ['snapshot_number']
    ) }}
),

moves as (
    select
        business_unit,
        snapshot_on as month_end,
        case
            when entered_on < snapshot_on then stage
            else coalesce(previous_stage, 'not_known')
        end as from_stage,
        stage as to_stage,
        count(*) as customers
    from described
    where is_month_end
    group by business_unit, snapshot_on, from_stage, to_stage
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
