-- From which snapshot to before which a day counts, for any window. A day that comes and goes
-- between two snapshots never does.
with

populations as (
    select * from {{ ref('int_rfm_populations__dated') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

units as (
    select
        business_unit,
        unit_number,
        window_days,
        max(population_number) as last_number
    from populations
    group by business_unit, unit_number, window_days
),

next_populations as (
    select
        u.unit_number,
        d.date_on,
        min(p.population_number) over (
            partition by u.unit_number
            order by d.date_on
            rows between current row and unbounded following
        ) as population_number
    from dates as d
    cross join units as u
    left join populations as p
        on u.unit_number = p.unit_number
        and d.date_on = p.snapshot_on
)

select
    u.business_unit,
    u.unit_number,
    e.date_on,
    e.population_number as enters_at,
    coalesce(l.population_number, u.last_number + 1) as leaves_at,
    u.last_number
from units as u
inner join next_populations as e
    on u.unit_number = e.unit_number
left join next_populations as l
    on u.unit_number = l.unit_number
    and {{ add_days('e.date_on', 'u.window_days') }} = l.date_on
where e.population_number < coalesce(l.population_number, u.last_number + 1)
