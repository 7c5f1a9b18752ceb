with

category_occasions as (
    select * from {{ ref('category_occasions') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

histories as (
    select
        business_unit,
        customer_key,
        category,
        min(ordered_on) as first_occasion_on,
        max(ordered_on) as last_occasion_on,
        count(*) as occasions
    from category_occasions
    group by business_unit, customer_key, category
),

spans as (
    select
        *,
        {{ days_between('first_occasion_on', 'last_occasion_on') }} as span_days,
        occasions - 1 as gaps
    from histories
),

norms as (
    select
        p.business_unit,
        p.category,
        round(sum(cast(p.span_days as double) / p.gaps) / count(*), 6) as norm_gap_days
    from spans as p
    inner join settings as s
        on p.business_unit = s.business_unit
    where p.gaps > 0
    group by p.business_unit, p.category
    having count(*) >= max(s.min_norm_customers)
),

expected as (
    select
        p.business_unit,
        p.customer_key,
        p.category,
        p.first_occasion_on,
        p.last_occasion_on,
        p.occasions,
        {{ shrunk_gap('n.norm_gap_days', 'p.span_days', 'p.gaps', 's.shrinkage_gaps') }}
            as expected_gap_days
    from spans as p
    inner join settings as s
        on p.business_unit = s.business_unit
    left join norms as n
        on p.business_unit = n.business_unit
        and p.category = n.category
    where p.gaps >= s.category_min_gaps
)

select
    e.business_unit,
    e.customer_key,
    e.category,
    t.as_of_date,
    e.first_occasion_on,
    e.last_occasion_on,
    {{ add_days('e.last_occasion_on', 'round(e.expected_gap_days)') }} as next_expected_on,
    cast(e.occasions as integer) as occasions,
    round(e.expected_gap_days, 6) as expected_gap_days,
    round({{ days_between('e.last_occasion_on', 't.as_of_date') }} / e.expected_gap_days, 9)
        as overdue_ratio
from expected as e
cross join clock as t
