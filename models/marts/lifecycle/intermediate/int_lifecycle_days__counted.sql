-- At which snapshot a day begins to count, and when it leaves each window: the half year, the year,
-- and the half year that ended a year before. A day that comes and goes between two snapshots has
-- no effect, since it does both at the same one.
with

snapshots as (
    select * from {{ ref('snapshots') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

days_of_units as (
    select
        u.business_unit,
        u.unit_number,
        u.window_days,
        u.half_window_days,
        d.date_on
    from settings as u
    cross join dates as d
),

next_snapshots as (
    select
        d.business_unit,
        d.unit_number,
        d.window_days,
        d.half_window_days,
        d.date_on,
        min(s.snapshot_number) over (
            partition by d.business_unit
            order by d.date_on
            rows between current row and unbounded following
        ) as snapshot_number
    from days_of_units as d
    left join snapshots as s
        on d.business_unit = s.business_unit
        and d.date_on = s.snapshot_on
)

select
    d.business_unit,
    d.unit_number,
    d.date_on,
    d.snapshot_number as enters_at,
    h.snapshot_number as leaves_half_at,
    w.snapshot_number as leaves_year_at,
    p.snapshot_number as leaves_year_before_at
from next_snapshots as d
left join next_snapshots as h
    on d.business_unit = h.business_unit
    and {{ add_days('d.date_on', 'd.half_window_days') }} = h.date_on
left join next_snapshots as w
    on d.business_unit = w.business_unit
    and {{ add_days('d.date_on', 'd.window_days') }} = w.date_on
left join next_snapshots as p
    on d.business_unit = p.business_unit
    and {{ add_days('d.date_on', 'd.window_days + d.half_window_days') }} = p.date_on
where d.snapshot_number is not null
