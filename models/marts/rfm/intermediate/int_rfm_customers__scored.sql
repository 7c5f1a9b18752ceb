with

measured as (
    select *
    from {{ changed_rows(
        ref('int_rfm_customers__measured'),
        ref('changed_rfm_populations'),
        ['population_number']
    ) }}
),

bounds as (
    select * from {{ ref('int_rfm_populations__bounded') }}
),

cells as (
    select * from {{ ref('int_rfm_cells__named') }}
),

eight_cells as (
    select * from {{ ref('rfm_eight_cell_labels') }}
),

-- Exact quintiles, each within the one before, worst first; the customer's key, a hash, ends ties.
by_recency as (
    select
        *,
        ntile(5) over (
            partition by population_number
            order by recency_days desc, frequency asc, monetary_amount asc, customer_key asc
        ) as hughes_r
    from measured
    where monetary_amount is not null
),

by_frequency as (
    select
        *,
        ntile(5) over (
            partition by population_number, hughes_r
            order by frequency, monetary_amount, customer_key
        ) as hughes_f
    from by_recency
),

by_money as (
    select
        *,
        ntile(5) over (
            partition by population_number, hughes_r, hughes_f
            order by monetary_amount, customer_key
        ) as hughes_m
    from by_frequency
),

celled as (
    select *
    from by_money
    union all
    select
        *,
        null as hughes_r,
        null as hughes_f,
        null as hughes_m
    from measured
    where monetary_amount is null
),

scored as (
    select
        c.*,
        {{ rfm_score('-c.recency_days', 'recency_days', 'b') }} as r_score,
        {{ rfm_score('c.frequency', 'frequency', 'b') }} as f_score,
        {{ rfm_score('c.monetary_amount', 'monetary_amount', 'b') }} as m_score,
        c.recency_days * b.customers < b.recency_days as is_recency_better,
        c.frequency * b.customers > b.frequency as is_frequency_better,
        c.monetary_amount * b.valued_customers > b.monetary_amount as is_monetary_better
    from celled as c
    inner join bounds as b
        on c.population_number = b.population_number
)

select
    s.population_number,
    s.customer_key,
    s.last_occasion_on,
    n.segment,
    e.eight_cell,
    s.recency_days,
    s.frequency,
    s.monetary_amount,
    s.monetary_coverage_ratio,
    s.r_score,
    s.f_score,
    s.m_score,
    cast(s.hughes_r as integer) as hughes_r,
    cast(s.hughes_f as integer) as hughes_f,
    cast(s.hughes_m as integer) as hughes_m
from scored as s
left join cells as n
    on s.r_score = n.r_score
    and s.f_score = n.f_score
    and s.m_score = n.m_score
left join eight_cells as e
    on s.is_recency_better = e.is_recency_better
    and s.is_frequency_better = e.is_frequency_better
    and s.is_monetary_better = e.is_monetary_better
