-- Whose scores are not what they were: a day of their window changed, they are new or are no more,
-- or a person asked for their months.
{% set populations = ref('int_rfm_populations__dated') -%}
{% set days = ref('changed_days') -%}
{% set customers = ref('changed_customers') -%}
{% set asked_months = ref('asked_months') -%}
{% if before(populations) -%}
with

known as (
    {{ differences(populations, ['population_number', 'business_unit', 'snapshot_on']) }}
),

changed_days as (
    select distinct
        d.business_unit,
        d.ordered_on,
        c.cause
    from {{ days }} as d
    inner join {{ customers }} as c
        on d.customer_key = c.customer_key
)

select
    population_number,
    business_unit,
    snapshot_on,
    case when is_now then 'new_snapshot' else 'gone_snapshot' end as cause
from known
union distinct
select
    p.population_number,
    p.business_unit,
    p.snapshot_on,
    d.cause
from {{ populations }} as p
inner join changed_days as d
    on p.business_unit = d.business_unit
    and p.snapshot_on >= d.ordered_on
    and p.snapshot_on < {{ add_days('d.ordered_on', 'p.window_days') }}
union distinct
select
    p.population_number,
    p.business_unit,
    p.snapshot_on,
    'asked' as cause
from {{ populations }} as p
inner join {{ asked_months }} as a
    on p.snapshot_on between a.from_on and a.to_on
{%- else -%}
select
    population_number,
    business_unit,
    snapshot_on,
    cast(null as string) as cause
from {{ populations }}
where false
{%- endif %}
