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
        business_unit,
        month_end,
        judged_on,
        spend_decile,
        {%- for side, test in [('flagged', '='), ('other', '<>')] %}
        sum(case when reason {{ test }} 'spend_fell' then customers else 0 end)
            as {{ side }}_customers,
        sum(case when reason {{ test }} 'spend_fell' then repurchasers else 0 end)
            as {{ side }}_repurchasers,
        sum(case when reason {{ test }} 'spend_fell' then customers_with_rate else 0 end)
            as {{ side }}_customers_with_rate,
        sum(case when reason {{ test }} 'spend_fell' then next_amount end)
            as {{ side }}_next_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from counted
    group by business_unit, month_end, judged_on, spend_decile
)

select
    business_unit,
    month_end,
    judged_on,
    spend_decile,
    {%- for side in ['flagged', 'other'] %}
    cast({{ side }}_customers as bigint) as {{ side }}_customers,
    cast({{ side }}_repurchasers as bigint) as {{ side }}_repurchasers,
    case
        when {{ side }}_customers > 0
            then round({{ side }}_repurchasers / cast({{ side }}_customers as double), 9)
    end as {{ side }}_repurchase_rate,
    cast(
        case
            when {{ side }}_customers_with_rate > 0
                then {{ side }}_next_amount / {{ side }}_customers_with_rate
        end as decimal(18, 4)
    ) as {{ side }}_mean_next_amount{{ ',' if not loop.last }}
    {%- endfor %}
from sides
