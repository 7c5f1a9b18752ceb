-- A norm is everybody's, and a stage rests on the one before: a day that changed makes all
-- snapshots of its unit anew from there on.
{% set snapshots = ref('snapshots') -%}
{% set starts = ref('customer_starts') -%}
{% set registrations = ref('customer_registrations') -%}
{% set contracts = ref('int_lifecycle_contracts__dated') -%}
{% set versions = ref('customer_versions') -%}
{% set days = ref('changed_days') -%}
{% set asked_months = ref('asked_months') -%}
{% set units = ref('business_units') -%}
{% if before(snapshots) and before(starts) and before(registrations) and before(contracts) -%}
with

known as (
    {{ differences(snapshots, ['snapshot_number', 'business_unit', 'snapshot_on']) }}
),

restarted as (
    {{ differences(
        starts, ['business_unit', 'customer_key', 'first_occasion_on', 'first_category']
    ) }}
),

registered as (
    {{ differences(registrations, ['business_unit', 'customer_key', 'known_on']) }}
),

contracted as (
    {{ differences(contracts, ['business_unit', 'customer_key', 'contract_key', 'starts_on']) }}
),

ended as (
    {{ differences(contracts, ['business_unit', 'customer_key', 'contract_key', 'ended_on']) }}
),

retyped as (
    {{ differences(versions, ['customer_key', 'valid_from', 'customer_type']) }}
),

changed_from as (
    select
        business_unit,
        snapshot_on as from_on
    from known
    union all
    select
        business_unit,
        ordered_on as from_on
    from {{ days }}
    union all
    select
        business_unit,
        first_occasion_on as from_on
    from restarted
    union all
    select
        business_unit,
        known_on as from_on
    from registered
    union all
    select
        business_unit,
        starts_on as from_on
    from contracted
    union all
    select
        business_unit,
        ended_on as from_on
    from ended
    union all
    select
        s.business_unit,
        r.valid_from as from_on
    from retyped as r
    inner join {{ starts }} as s
        on r.customer_key = s.customer_key
    union all
    select
        u.business_unit,
        a.from_on
    from {{ asked_months }} as a
    cross join {{ units }} as u
),

firsts as (
    select
        business_unit,
        min(from_on) as from_on
    from changed_from
    group by business_unit
)

select
    s.snapshot_number,
    s.business_unit,
    s.snapshot_on
from {{ snapshots }} as s
inner join firsts as f
    on s.business_unit = f.business_unit
where s.snapshot_on >= f.from_on
union distinct
select
    snapshot_number,
    business_unit,
    snapshot_on
from known
{%- else -%}
select
    snapshot_number,
    business_unit,
    snapshot_on
from {{ snapshots }}
where false
{%- endif %}
