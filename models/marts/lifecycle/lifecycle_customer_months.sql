with

described as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__described'),
        ref('changed_lifecycle_snapshots'),
        ['snapshot_number']
    ) }}
)

select
    business_unit,
    customer_key,
    snapshot_on as month_end,
    first_occasion_on,
    last_occasion_on,
    entered_on,
    contract_ended_on,
    stage,
    previous_stage,
    indicated_stage,
    reason,
    customer_type,
    first_category,
    occasions,
    recency_days,
    tenure_days,
    expected_gap_days,
    overdue_ratio,
    gap_cv,
    cast(null as double) as p_alive,
    spend_recent_amount,
    spend_year_before_amount,
    is_reactivated,
    is_left_truncated
from described
where is_month_end
