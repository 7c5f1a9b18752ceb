-- Kaplan and Meier: of those who were in the stage for so many months, how many left it then; the
-- product of who stayed is who is still there. Who is in it today was seen for as long as it lasts.
with

intervals as (
    select *
    from {{ ref('lifecycle_stage_intervals') }}
    where not is_left_truncated
        and months > 0
),

durations as (
    select
        business_unit,
        stage,
        months,
        count(*) as customers,
        count(left_on) as customers_leaving
    from intervals
    group by business_unit, stage, months
),

at_risk as (
    select
        business_unit,
        stage,
        months,
        customers_leaving,
        sum(customers) over (
            partition by business_unit, stage
            order by months desc
            rows between unbounded preceding and current row
        ) as customers_at_risk
    from durations
),

-- Where all leave nobody is left, whatever follows; a logarithm of zero says nothing.
staying as (
    select
        *,
        1 - customers_leaving / cast(customers_at_risk as double) as kept_share
    from at_risk
),

logarithms as (
    select
        *,
        case when kept_share > 0 then ln(kept_share) else 0 end as log_share
    from staying
)

select
    business_unit,
    stage,
    months,
    cast(customers_at_risk as bigint) as customers_at_risk,
    customers_leaving,
    case
        when min(kept_share) over in_time <= 0 then 0
        else round(exp(sum(log_share) over in_time), 9)
    end as staying_share
from logarithms
window in_time as (
    partition by business_unit, stage
    order by months
    rows between unbounded preceding and current row
)
