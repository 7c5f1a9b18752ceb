{# Invariants of the lifecycle marts. Each fails with the rows that break it. #}

{# Who has bought has evidence of it, who has not has none. #}
{% test lifecycle_rows_are_whole(model) %}
select *
from {{ model }}
where (stage = 'potential') <> (occasions = 0)
    or (occasions = 0) <> (last_occasion_on is null)
    or (occasions = 0) <> (first_occasion_on is null)
    or not coalesce(recency_days >= 0, occasions = 0)
    or not coalesce(tenure_days >= recency_days, occasions = 0)
    or expected_gap_days <= 0
    or (overdue_ratio is null) <> (expected_gap_days is null)
    or (expected_gap_days is null and occasions > 1)
    or (occasions > 2) <> (gap_cv is not null)
    or not coalesce(last_occasion_on <= contract_ended_on, true)
    or stage = previous_stage
{% endtest %}

{# A reason leads to the indicated stage, which is the stage unless the reason says that it waits; and it
   waits only for a change that one month-end does not decide. #}
{% test stages_have_their_reasons(model) %}
select
    m.business_unit,
    m.customer_key,
    m.stage,
    m.indicated_stage,
    m.reason
from {{ model }} as m
inner join {{ ref('lifecycle_reasons') }} as r
    on m.reason = r.reason
inner join {{ ref('lifecycle_stages') }} as s
    on m.stage = s.stage
inner join {{ ref('lifecycle_stages') }} as i
    on m.indicated_stage = i.stage
where (m.reason = 'awaiting_confirmation') <> (m.stage <> m.indicated_stage)
    or coalesce(r.stage, m.indicated_stage) <> m.indicated_stage
    or (m.stage <> m.indicated_stage and (s.is_immediate or i.is_immediate))
{% endtest %}

{# Who is where at a month-end, by the matrix and by the customers; and who came from where. #}
{% test transitions_add_up(model) %}
with

moves as (
    select * from {{ model }}
),

stages as (
    select
        business_unit,
        month_end,
        stage,
        count(*) as customers
    from {{ ref('lifecycle_customer_months') }}
    group by business_unit, month_end, stage
),

sides as (
    select
        business_unit,
        month_end,
        to_stage as stage,
        sum(customers) as customers
    from moves
    group by business_unit, month_end, to_stage
    union all
    select
        business_unit,
        last_day({{ add_months('month_end', -1) }}) as month_end,
        from_stage as stage,
        sum(customers) as customers
    from moves
    where from_stage <> 'not_known'
    group by business_unit, month_end, from_stage
)

select
    s.business_unit,
    s.month_end,
    s.stage,
    s.customers,
    c.customers as customers_in_stage
from sides as s
full outer join stages as c
    on s.business_unit = c.business_unit
    and s.month_end = c.month_end
    and s.stage = c.stage
where s.customers is distinct from c.customers
{% endtest %}

{# Each month opens with what the month before closed with, and closes with what the flows make of it. #}
{% test flows_add_up(model) %}
with

compared as (
    select
        *,
        lag(closing_customers) over (partition by business_unit order by month_end) as closed_before
    from {{ model }}
)

select *
from compared
where closing_customers + lapsed_customers
    <> opening_customers + new_customers + reactivated_customers + renewed_customers
    or new_customers + returning_customers + reactivated_customers <> buyers
    or coalesce(closed_before, 0) <> opening_customers
{% endtest %}
