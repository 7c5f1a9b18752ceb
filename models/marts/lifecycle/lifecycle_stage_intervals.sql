-- A run of month-ends begins where a stage was entered.
with

snapshots as (
    select * from {{ ref('snapshots') }}
),

customer_months as (
    select * from {{ ref('lifecycle_customer_months') }}
),

last_months as (
    select
        business_unit,
        max(snapshot_on) as last_month_end
    from snapshots
    where is_month_end
    group by business_unit
),

entries as (
    select
        business_unit,
        customer_key,
        month_end as entered_on,
        lead(month_end) over in_time as left_on,
        stage,
        previous_stage,
        lead(stage) over in_time as next_stage,
        reason,
        is_left_truncated
    from customer_months
    where month_end = entered_on
    window in_time as (partition by business_unit, customer_key order by month_end)
)

select
    e.business_unit,
    e.customer_key,
    e.entered_on,
    e.left_on,
    e.stage,
    e.previous_stage,
    e.next_stage,
    e.reason,
    cast({{ months_between('e.entered_on', 'coalesce(e.left_on, l.last_month_end)') }} as integer)
        as months,
    e.left_on is null as is_current,
    e.is_left_truncated
from entries as e
inner join last_months as l
    on e.business_unit = l.business_unit
