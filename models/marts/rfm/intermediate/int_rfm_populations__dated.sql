with

snapshots as (
    select * from {{ ref('snapshots') }}
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

settings as (
    select * from {{ ref('rfm_settings') }}
),

buying_units as (
    select distinct business_unit
    from customer_days
)

select
    s.snapshot_number as population_number,
    s.business_unit,
    s.unit_number,
    s.snapshot_on,
    coalesce(own.window_days, usual.window_days) as window_days,
    coalesce(own.scoring_method, usual.scoring_method) as scoring_method,
    s.is_month_end,
    s.is_as_of
from snapshots as s
inner join buying_units as b
    on s.business_unit = b.business_unit
left join settings as own
    on s.business_unit = own.business_unit
left join settings as usual
    on usual.business_unit = '*'
