-- Like with like: who spent as much in the window and was not flagged. Against their own past, any
-- extreme half year would be followed by a milder one.
with

counted as (
    select *
    from {{ ref('int_lifecycle_backtests__counted') }}
    where spend_decile is not null
),

sides as (
    select
        *,
        case when reason = 'spend_fell' then 'flagged' else 'other' end as side
    from counted
),

compared as (
    select
        business_unit,
        month_end,
        judged_on,
        {%- for side in ['flagged', 'other'] %}
        sum(case when side = '{{ side }}' then customers else 0 end) as {{ side }}_customers,
        sum(case when side = '{{ side }}' then repurchasers else 0 end)
            as {{ side }}_repurchasers,
        sum(case when side = '{{ side }}' then customers_with_rate end)
            as {{ side }}_customers_with_rate,
        sum(case when side = '{{ side }}' then next_amount end) as {{ side }}_next_amount,
        {%- endfor %}
        spend_decile
    from sides
    group by business_unit, month_end, judged_on, spend_decile
)

select
    business_unit,
    month_end,
    judged_on,
    spend_decile,
    cast(flagged_customers as bigint) as flagged_customers,
    cast(flagged_repurchasers as bigint) as flagged_repurchasers,
    round(flagged_repurchasers / cast(nullif(flagged_customers, 0) as double), 9)
        as flagged_repurchase_rate,
    cast(flagged_next_amount / nullif(flagged_customers_with_rate, 0) as decimal(18, 4))
        as flagged_mean_next_amount,
    cast(other_customers as bigint) as other_customers,
    cast(other_repurchasers as bigint) as other_repurchasers,
    round(other_repurchasers / cast(nullif(other_customers, 0) as double), 9)
        as other_repurchase_rate,
    cast(other_next_amount / nullif(other_customers_with_rate, 0) as decimal(18, 4))
        as other_mean_next_amount
from compared
