with

described as (
    select * from {{ ref('int_lifecycle_customers__described') }}
),

occasions as (
    select * from {{ ref('occasions') }}
)

select
    d.business_unit,
    d.customer_key,
    d.snapshot_on as as_of_date,
    d.first_occasion_on,
    d.last_occasion_on,
    case
        when d.stage <> 'ended'
            then {{ add_days('d.last_occasion_on', 'round(d.expected_gap_days)') }}
    end as next_expected_on,
    d.entered_on,
    d.contract_ended_on,
    d.stage,
    d.previous_stage,
    d.indicated_stage,
    d.reason,
    d.customer_type,
    d.first_category,
    d.occasions,
    d.recency_days,
    d.tenure_days,
    d.expected_gap_days,
    d.overdue_ratio,
    d.gap_cv,
    o.regularity_k,
    cast(null as double) as p_alive,
    d.spend_recent_amount,
    d.spend_year_before_amount,
    d.is_reactivated,
    d.is_left_truncated
from described as d
left join occasions as o
    on d.business_unit = o.business_unit
    and d.customer_key = o.customer_key
    and d.occasions = o.occasion_number
where d.is_as_of
