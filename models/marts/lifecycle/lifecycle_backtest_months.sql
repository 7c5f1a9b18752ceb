with

counted as (
    select * from {{ ref('int_lifecycle_backtests__counted') }}
)

select
    business_unit,
    month_end,
    judged_on,
    stage,
    cast(sum(customers) as bigint) as customers,
    cast(sum(repurchasers) as bigint) as repurchasers,
    round(sum(repurchasers) / cast(sum(customers) as double), 9) as repurchase_rate,
    cast(
        case when sum(customers_with_rate) > 0 then sum(next_amount) / sum(customers_with_rate) end
        as decimal(18, 4)
    ) as mean_next_amount
from counted
group by business_unit, month_end, judged_on, stage
