with

scored as (
    select *
    from {{ changed_rows(
        ref('int_rfm_customers__scored'),
        ref('changed_rfm_populations'),
        ['population_number']
    ) }}
),

populations as (
    select * from {{ ref('int_rfm_populations__dated') }}
)

select
    p.business_unit,
    s.customer_key,
    p.snapshot_on as month_end,
    s.last_occasion_on,
    s.segment,
    s.eight_cell,
    s.recency_days,
    s.frequency,
    s.monetary_amount,
    s.monetary_coverage_ratio,
    s.r_score,
    s.f_score,
    s.m_score,
    s.hughes_r,
    s.hughes_f,
    s.hughes_m
from scored as s
inner join populations as p
    on s.population_number = p.population_number
where p.is_month_end
