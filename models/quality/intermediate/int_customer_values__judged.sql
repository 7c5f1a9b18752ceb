-- Of every current record the values that its customer's type requires, there or not, and all
-- those with something wrong about them: what that is, and when they were last confirmed.
with

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

customer_records as (
    select * from {{ ref('customer_records') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

clock as (
    select * from {{ ref('clock') }}
),

attributes as (
    select
        attribute,
        half_life_days,
        required_for_person,
        required_for_organisation
    from {{ ref('customer_attributes') }}
    where required_for_person
        or required_for_organisation
        or half_life_days is not null
),

-- A value is confirmed on the latest of the days on which its record was registered, changed at its
-- source, or verified; a day to come confirms nothing.
records as (
    select
        l.customer_key,
        d.customer_type,
        t.as_of_date,
        v.*,
        greatest(
            case when v.last_verified_on <= t.as_of_date then v.last_verified_on end,
            case when v.registered_on <= t.as_of_date then v.registered_on end,
            case when cast(v.updated_at as date) <= t.as_of_date then cast(v.updated_at as date) end
        ) as confirmed_on
    from customer_record_versions as v
    cross join clock as t
    inner join customer_links as l
        on v.record_key = l.record_key
    inner join dim_customers as d
        on l.customer_key = d.customer_key
    where v.is_current
        and not v.is_withdrawn
),

valued as (
    select
        v.customer_key,
        v.record_key,
        v.confirmed_on,
        {{ days_between('v.confirmed_on', 'v.as_of_date') }} as age_days,
        a.attribute,
        a.half_life_days,
        case v.customer_type
            when 'person' then a.required_for_person
            when 'organisation' then a.required_for_organisation
            else false
        end as is_required,
        case a.attribute
            {%- for attribute in customer_attributes() %}
            when '{{ attribute.name }}' then v.{{ attribute.name }} is not null
            {%- endfor %}
            else false
        end as is_filled,
        {{ value_fault('a.attribute', 'r', 'v.customer_type') }} as fault
    from records as v
    inner join customer_records as r
        on v.record_key = r.record_key
    cross join attributes as a
),

-- What cannot be used comes first: how old it is matters no more.
judged as (
    select
        customer_key,
        record_key,
        confirmed_on,
        attribute,
        half_life_days,
        case
            when is_filled and fault is not null then fault
            when is_filled and age_days > half_life_days then 'too_old'
        end as reason,
        is_required,
        is_filled,
        is_filled and fault is null as is_valid
    from valued
)

select
    customer_key,
    record_key,
    confirmed_on,
    attribute,
    half_life_days,
    reason,
    is_required,
    is_filled,
    is_valid
from judged
where is_required
    or reason is not null
