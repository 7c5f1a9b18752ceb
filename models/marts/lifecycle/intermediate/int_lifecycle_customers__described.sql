with

staged as (
    select * from {{ ref('int_lifecycle_customers__staged') }}
),

measured as (
    select * from {{ ref('int_lifecycle_customers__measured') }}
),

snapshots as (
    select * from {{ ref('snapshots') }}
),

stages as (
    select * from {{ ref('lifecycle_stage_labels') }}
),

customer_starts as (
    select * from {{ ref('customer_starts') }}
)

select
    s.snapshot_number,
    t.business_unit,
    s.customer_key,
    t.snapshot_on,
    m.first_occasion_on,
    m.last_occasion_on,
    e.snapshot_on as entered_on,
    s.contract_ended_on,
    n.stage,
    p.stage as previous_stage,
    i.stage as indicated_stage,
    case
        when s.stage_number = s.indicated_number then s.indicated_reason
        else 'awaiting_confirmation'
    end as reason,
    m.customer_type,
    m.first_category,
    s.occasions,
    m.recency_days,
    m.tenure_days,
    s.expected_gap_days,
    s.overdue_ratio,
    m.gap_cv,
    m.spend_recent_amount,
    m.spend_year_before_amount,
    m.spend_window_amount,
    s.is_gone,
    s.is_new,
    s.is_reactivated,
    s.was_current,
    coalesce(f.is_left_truncated and s.occasions > 0, false) as is_left_truncated,
    t.is_month_end,
    t.is_as_of
from staged as s
inner join snapshots as t
    on s.snapshot_number = t.snapshot_number
inner join snapshots as e
    on cast(floor(s.entry / 10) as integer) = e.snapshot_number
inner join stages as n
    on s.stage_number = n.position
inner join stages as i
    on s.indicated_number = i.position
left join stages as p
    on s.entry % 10 = p.position
left join measured as m
    on s.snapshot_number = m.snapshot_number
    and s.customer_key = m.customer_key
left join customer_starts as f
    on t.business_unit = f.business_unit
    and s.customer_key = f.customer_key
