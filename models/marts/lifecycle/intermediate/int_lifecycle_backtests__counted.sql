-- A month-end is judged when the months after it are over, by what customers had done then.
{% set changed = ref('changed_lifecycle_snapshots') -%}
with

described as (
    select * from {{ ref('int_lifecycle_customers__described') }}
),

measured as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__measured'), changed, ['snapshot_number']
    ) }}
),

snapshots as (
    select * from {{ ref('snapshots') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

judged as (
    select
        t.snapshot_number,
        n.snapshot_number as judged_number,
        n.snapshot_on as judged_on
    from snapshots as t
    inner join settings as s
        on t.unit_number = s.unit_number
    inner join snapshots as n
        on t.unit_number = n.unit_number
        and n.snapshot_on = last_day({{ add_months('t.snapshot_on', 's.backtest_months') }})
    where t.is_month_end
        and n.is_month_end
        {{
            'and ' ~ is_changed('n', changed, ['snapshot_number'])
            if is_incremental()
        }}
),

buyers as (
    select
        d.business_unit,
        d.customer_key,
        d.snapshot_on,
        j.judged_number,
        j.judged_on,
        d.stage,
        d.reason,
        d.occasions,
        d.is_gone,
        d.spend_window_amount,
        percent_rank() over (
            partition by d.snapshot_number, d.is_gone, d.spend_window_amount is null
            order by d.spend_window_amount
        ) as spend_rank
    from described as d
    inner join judged as j
        on d.snapshot_number = j.snapshot_number
    where d.occasions > 0
),

-- Ranked are those who still buy and whose spend is known; the others have no decile.
ranked as (
    select
        *,
        case
            when not is_gone and spend_window_amount is not null
                then cast(least(10, 1 + floor(10 * spend_rank)) as integer)
        end as spend_decile
    from buyers
)

select
    b.business_unit,
    b.snapshot_on as month_end,
    b.judged_on,
    b.stage,
    b.reason,
    b.spend_decile,
    count(*) as customers,
    sum(case when m.occasions > b.occasions then 1 else 0 end) as repurchasers,
    count(m.spend_recent_amount) as customers_with_rate,
    sum(m.spend_recent_amount) as next_amount
from ranked as b
inner join measured as m
    on b.judged_number = m.snapshot_number
    and b.customer_key = m.customer_key
group by
    b.business_unit, b.snapshot_on, b.judged_on, b.stage, b.reason, b.spend_decile
