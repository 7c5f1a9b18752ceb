{# Invariants of the RFM marts and of the seeds that steer them. Each fails with the rows that break it. #}

{# Every value lies in a closed range; null is another test's matter. #}
{% test within(model, column_name, at_least=none, at_most=none) %}
select {{ column_name }}
from {{ model }}
where
    {%- if at_least is not none %}
    {{ column_name }} < {{ at_least }}
    {%- endif %}
    {{- ' or' if at_least is not none and at_most is not none }}
    {%- if at_most is not none %}
    {{ column_name }} > {{ at_most }}
    {%- endif %}
{% endtest %}

{# Each of the 125 score cells belongs to exactly one segment, and none to `not_scored`. #}
{% test segment_ranges_hold_every_cell_once(model) %}
with

scores as (
    {%- for score in range(1, 6) %}
    select {{ score }} as score{{ ' union all' if not loop.last }}
    {%- endfor %}
)

select
    r.score as r_score,
    f.score as f_score,
    m.score as m_score,
    count(s.segment) as segments
from scores as r
cross join scores as f
cross join scores as m
left join {{ model }} as s
    on r.score between s.r_min and s.r_max
    and f.score between s.f_min and s.f_max
    and m.score between s.m_min and s.m_max
    and s.segment <> 'not_scored'
group by r.score, f.score, m.score
having count(s.segment) <> 1
{% endtest %}

{# A unit and measure has a bound for each of the scores 2 to 5, each harder to reach than the one below,
   and no unit is left without: '*' has all three measures. #}
{% test cut_points_are_whole_and_in_order(model) %}
with

bounds as (
    select
        business_unit,
        measure,
        score,
        case when measure = 'recency_days' then -worst_value else worst_value end as goodness
    from {{ model }}
),

steps as (
    select
        business_unit,
        measure,
        score,
        goodness,
        lag(goodness) over (partition by business_unit, measure order by score) as easier
    from bounds
)

select
    business_unit,
    measure,
    'bounds missing or out of order' as fault
from steps
group by business_unit, measure
having count(distinct score) <> 4 or count(case when easier >= goodness then 1 end) > 0

union all

select
    '*',
    'all',
    'a measure without common bounds' as fault
from steps
where business_unit = '*'
having count(distinct measure) <> 3
{% endtest %}

{# Every row has R, F and their scores within their ranges. A customer whose money is known has a segment,
   an eight-cell, an M score and one Hughes cell; one whose money is not known has none of them. #}
{% test rfm_scores_are_whole(model) %}
select *
from {{ model }}
where last_occasion_on is null
    or not coalesce(recency_days >= 0, false)
    or not coalesce(frequency >= 1, false)
    or not coalesce(monetary_coverage_ratio between 0 and 1, false)
    {%- for score in ['r_score', 'f_score'] %}
    or not coalesce({{ score }} between 1 and 5, false)
    {%- endfor %}
    or (monetary_amount is null) <> (monetary_coverage_ratio = 0)
    or (monetary_amount is null) <> (segment is null)
    or (monetary_amount is null) <> (eight_cell is null)
    {%- for score in ['m_score', 'hughes_r', 'hughes_f', 'hughes_m'] %}
    or (monetary_amount is null) <> ({{ score }} is null)
    or {{ score }} not between 1 and 5
    {%- endfor %}
{% endtest %}

{# Within a population the fifths by recency, the fifths of each of those by frequency and the fifths of
   those by money have equal sizes, give or take one customer. #}
{% test hughes_cells_are_even(model, snapshot) %}
with

cells as (
    select
        business_unit,
        {{ snapshot }} as snapshot_on,
        hughes_r,
        hughes_f,
        hughes_m,
        count(*) as customers
    from {{ model }}
    where hughes_r is not null
    group by business_unit, {{ snapshot }}, hughes_r, hughes_f, hughes_m
),

{% for outer in [['hughes_r'], ['hughes_r', 'hughes_f'], ['hughes_r', 'hughes_f', 'hughes_m']] -%}
level_{{ outer | length }} as (
    select
        business_unit,
        snapshot_on,
        {{ outer | join(', ') }},
        sum(customers) as customers
    from cells
    group by business_unit, snapshot_on, {{ outer | join(', ') }}
),

parent_{{ outer | length }} as (
    select
        business_unit,
        snapshot_on,
        {{ outer[:-1] | join(', ') }}{{ ',' if outer | length > 1 }}
        max(customers) as largest,
        case when count(*) < 5 then 0 else min(customers) end as smallest
    from level_{{ outer | length }}
    group by business_unit, snapshot_on{{ ', ' if outer | length > 1 }}{{ outer[:-1] | join(', ') }}
){{ ',' if not loop.last }}

{% endfor -%}
{% for level in [1, 2, 3] -%}
select business_unit, snapshot_on, {{ level }} as level_number, largest, smallest
from parent_{{ level }}
where largest - smallest > 1
{{ 'union all' if not loop.last }}
{% endfor -%}
{% endtest %}

{# R, F and M at the as-of date, computed plainly from the customer-days of the window, are the same. #}
{% test rfm_ties_to_customer_days(model) %}
with

customer_days as (
    select * from {{ ref('customer_days') }}
),

populations as (
    select *
    from {{ ref('int_rfm_populations__dated') }}
    where is_as_of
),

plain as (
    select
        d.business_unit,
        d.customer_key,
        max(case when d.is_occasion then d.ordered_on end) as last_occasion_on,
        sum(case when d.is_occasion then 1 else 0 end) as frequency,
        sum(d.net_amount_reporting) as monetary_amount
    from customer_days as d
    inner join populations as p
        on d.business_unit = p.business_unit
        and d.ordered_on <= p.snapshot_on
        and d.ordered_on > {{ add_days('p.snapshot_on', '-p.window_days') }}
    group by d.business_unit, d.customer_key
)

select
    coalesce(p.customer_key, m.customer_key) as customer_key,
    p.frequency,
    p.monetary_amount,
    m.frequency as published_frequency,
    m.monetary_amount as published_amount
from (select * from plain where frequency > 0) as p
full outer join {{ model }} as m
    on p.business_unit = m.business_unit
    and p.customer_key = m.customer_key
where p.last_occasion_on is distinct from m.last_occasion_on
    or p.frequency is distinct from m.frequency
    or p.monetary_amount is distinct from m.monetary_amount
{% endtest %}

{# All customers of a segment at a month-end come from somewhere and go somewhere: flows into (out of) a
   segment add up to the segment in rfm_customer_months at the later (earlier) month-end. #}
{% test migrations_add_up(model) %}
with

segment_months as (
    select
        business_unit,
        month_end,
        segment,
        count(*) as customers
    from {{ ref('rfm_customer_months') }}
    where segment is not null
    group by business_unit, month_end, segment
),

flows as (
    select business_unit, month_end, from_month_end, to_segment as segment, month_end as at_end,
        sum(customers) as customers
    from {{ model }}
    where to_segment <> 'not_scored'
    group by business_unit, month_end, from_month_end, to_segment
    union all
    select business_unit, month_end, from_month_end, from_segment, from_month_end,
        sum(customers)
    from {{ model }}
    where from_segment <> 'not_scored'
    group by business_unit, month_end, from_month_end, from_segment
),

month_pairs as (
    select distinct month_end, from_month_end
    from {{ model }}
),

wanted as (
    select s.business_unit, p.month_end, p.from_month_end, s.segment, s.month_end as at_end, s.customers
    from segment_months as s
    inner join month_pairs as p
        on s.month_end = p.month_end
        or s.month_end = p.from_month_end
)

select
    coalesce(w.segment, f.segment) as segment,
    w.customers as in_segment,
    f.customers as in_flows
from wanted as w
full outer join flows as f
    on w.business_unit = f.business_unit
    and w.month_end = f.month_end
    and w.from_month_end = f.from_month_end
    and w.segment = f.segment
    and w.at_end = f.at_end
where w.customers is distinct from f.customers
{% endtest %}
