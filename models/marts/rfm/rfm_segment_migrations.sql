-- Customers scored at both month-ends are counted by one join; who was scored at only one of them
-- is what is left of that month's segment, so flows add up to the segments by construction.
{% set changed = ref('changed_rfm_populations') -%}
with

scored as (
    select * from {{ ref('int_rfm_customers__scored') }}
),

populations as (
    select * from {{ ref('int_rfm_populations__dated') }}
),

lags as (
    select * from {{ ref('rfm_migration_lags') }}
),

month_pairs as (
    select
        t.business_unit,
        t.population_number as to_number,
        f.population_number as from_number,
        t.snapshot_on as month_end,
        f.snapshot_on as from_month_end,
        l.months_apart
    from populations as t
    cross join lags as l
    inner join populations as f
        on t.unit_number = f.unit_number
        and f.snapshot_on = last_day({{ add_months('t.snapshot_on', '-l.months_apart') }})
    where t.is_month_end
        and f.is_month_end
        {{
            'and (' ~ is_changed('t', changed, ['population_number'])
            ~ ' or ' ~ is_changed('f', changed, ['population_number']) ~ ')'
            if is_incremental()
        }}
),

segment_months as (
    select
        population_number,
        segment,
        count(*) as customers
    from scored
    where segment is not null
    group by population_number, segment
),

moved as (
    select
        p.to_number,
        p.from_number,
        f.segment as from_segment,
        t.segment as to_segment,
        count(*) as customers
    from scored as t
    inner join month_pairs as p
        on t.population_number = p.to_number
    inner join scored as f
        on t.customer_key = f.customer_key
        and p.from_number = f.population_number
    where f.segment is not null
        and t.segment is not null
    group by p.to_number, p.from_number, f.segment, t.segment
),

moved_to as (
    select
        to_number,
        from_number,
        to_segment,
        sum(customers) as customers
    from moved
    group by to_number, from_number, to_segment
),

moved_from as (
    select
        to_number,
        from_number,
        from_segment,
        sum(customers) as customers
    from moved
    group by to_number, from_number, from_segment
),

entered as (
    select
        p.to_number,
        p.from_number,
        'not_scored' as from_segment,
        s.segment as to_segment,
        s.customers - coalesce(m.customers, 0) as customers
    from segment_months as s
    inner join month_pairs as p
        on s.population_number = p.to_number
    left join moved_to as m
        on p.to_number = m.to_number
        and p.from_number = m.from_number
        and s.segment = m.to_segment
),

departed as (
    select
        p.to_number,
        p.from_number,
        s.segment as from_segment,
        'not_scored' as to_segment,
        s.customers - coalesce(m.customers, 0) as customers
    from segment_months as s
    inner join month_pairs as p
        on s.population_number = p.from_number
    left join moved_from as m
        on p.to_number = m.to_number
        and p.from_number = m.from_number
        and s.segment = m.from_segment
),

flows as (
    select * from moved
    union all
    select * from entered
    union all
    select * from departed
)

select
    p.business_unit,
    p.month_end,
    p.from_month_end,
    f.from_segment,
    f.to_segment,
    p.months_apart,
    cast(f.customers as bigint) as customers
from flows as f
inner join month_pairs as p
    on f.to_number = p.to_number
    and f.from_number = p.from_number
where f.customers > 0
