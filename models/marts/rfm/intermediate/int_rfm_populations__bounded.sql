{% set measures = {
    'recency_days': '-recency_days',
    'frequency': 'frequency',
    'monetary_amount': 'monetary_amount',
} %}
with

measured as (
    select *
    from {{ changed_rows(
        ref('int_rfm_customers__measured'),
        ref('changed_rfm_populations'),
        ['population_number']
    ) }}
),

populations as (
    select * from {{ ref('int_rfm_populations__dated') }}
),

cut_points as (
    select * from {{ ref('rfm_cut_points') }}
),

totals as (
    select
        population_number,
        count(*) as customers,
        count(monetary_amount) as valued_customers,
        sum(cast(recency_days as bigint)) as recency_days,
        sum(cast(frequency as bigint)) as frequency,
        sum(monetary_amount) as monetary_amount
    from measured
    group by population_number
),

-- More is better for all three, so days count as negative.
values_held as (
    {%- for measure, goodness in measures.items() %}
    select
        population_number,
        {{ loop.index }} as measure_number,
        cast({{ goodness }} as decimal(18, 4)) as goodness,
        count(*) as customers
    from measured
    where {{ measure }} is not null
    group by population_number, {{ goodness }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

values_ranked as (
    select
        population_number,
        measure_number,
        goodness,
        sum(customers) over (
            partition by population_number, measure_number
            order by goodness
            rows between unbounded preceding and current row
        ) - customers as worse,
        sum(customers) over (partition by population_number, measure_number) as customers
    from values_held
),

-- 1 + floor(5 * percent_rank) >= s, multiplied out: a score's bound is the worst value with it.
rank_bounds as (
    select
        {%- for measure in measures %}
        {%- set number = loop.index %}
        {%- for score in range(2, 6) %}
        min(
            case
                when measure_number = {{ number }}
                    and customers > 1
                    and 5 * worse >= {{ score - 1 }} * (customers - 1)
                    then goodness
            end
        ) as {{ measure }}_for_{{ score }},
        {%- endfor %}
        {%- endfor %}
        population_number
    from values_ranked
    group by population_number
),

own_measures as (
    select distinct
        business_unit,
        measure
    from cut_points
    where business_unit <> '*'
),

unit_cut_points as (
    select
        p.population_number,
        c.measure,
        c.score,
        case when c.measure = 'recency_days' then -c.worst_value else c.worst_value end as goodness
    from populations as p
    inner join cut_points as c
        on p.business_unit = c.business_unit
        or c.business_unit = '*'
    left join own_measures as o
        on p.business_unit = o.business_unit
        and c.measure = o.measure
    where p.scoring_method = 'cut_points'
        and (c.business_unit = p.business_unit or o.measure is null)
),

fixed_bounds as (
    select
        {%- for measure in measures %}
        {%- for score in range(2, 6) %}
        min(
            case when measure = '{{ measure }}' and score = {{ score }} then goodness end
        ) as {{ measure }}_for_{{ score }},
        {%- endfor %}
        {%- endfor %}
        population_number
    from unit_cut_points
    group by population_number
)

select
    t.population_number,
    {%- for measure in measures %}
    {%- for score in range(2, 6) %}
    {%- set bound = measure ~ '_for_' ~ score %}
    case
        when p.scoring_method = 'cut_points' then f.{{ bound }}
        else r.{{ bound }}
    end as {{ bound }},
    {%- endfor %}
    {%- endfor %}
    t.recency_days,
    t.frequency,
    t.monetary_amount,
    t.customers,
    t.valued_customers
from totals as t
inner join populations as p
    on t.population_number = p.population_number
inner join rank_bounds as r
    on t.population_number = r.population_number
left join fixed_bounds as f
    on t.population_number = f.population_number
