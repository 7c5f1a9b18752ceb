-- A unit's snapshots are numbered in the order of their dates, each by its own date alone: one
-- integer to sort and join by, where a name and a date would cost three times as much.
with

dates as (
    select * from {{ ref('dim_dates') }}
),

clock as (
    select * from {{ ref('clock') }}
),

units as (
    select * from {{ ref('business_units') }}
),

-- The as-of date is a snapshot of its own unless it is a month's end itself.
snapshot_dates as (
    select
        d.date_on as snapshot_on,
        d.is_month_end,
        d.date_on = c.as_of_date as is_as_of,
        {{ days_between("cast('1900-01-01' as date)", 'd.date_on') }} as day_number
    from dates as d
    cross join clock as c
    where d.date_on <= c.as_of_date
        and (d.is_month_end or d.date_on = c.as_of_date)
)

select
    cast(u.unit_number * 1000000 + s.day_number as integer) as snapshot_number,
    u.business_unit,
    cast(u.unit_number as integer) as unit_number,
    s.snapshot_on,
    s.is_month_end,
    s.is_as_of
from units as u
cross join snapshot_dates as s
