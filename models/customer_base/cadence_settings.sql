with

business_units as (
    select * from {{ ref('business_units') }}
),

settings as (
    select * from {{ ref('lifecycle_settings') }}
),

chosen as (
    select
        u.business_unit,
        u.unit_number,
        coalesce(own.business_unit, '*') as settings_unit
    from business_units as u
    left join settings as own
        on u.business_unit = own.business_unit
)

select
    c.business_unit,
    c.unit_number,
    s.window_days,
    cast(floor(s.window_days / 2) as integer) as half_window_days,
    s.shrinkage_gaps,
    s.min_norm_customers,
    s.overdue_ratio,
    s.ended_overdue_ratio,
    s.one_time_quantile,
    s.min_one_time_gaps,
    s.spend_fall_min_occasions,
    s.spend_fall_ratio,
    s.exploration_max_occasions,
    s.stability_min_occasions,
    s.stability_min_tenure_days,
    s.stability_max_gap_cv,
    s.recent_gaps,
    s.regularity_min_gaps,
    s.left_truncation_days,
    s.category_min_gaps,
    s.break_normal_quantile,
    s.backtest_months
from chosen as c
inner join settings as s
    on c.settings_unit = s.business_unit
