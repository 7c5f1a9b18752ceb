{#- What of a customer may be published and changes in time. -#}
{%- set attributes = [
    'registered_on', 'last_verified_on', 'customer_type', 'country', 'gender', 'birth_year',
    'occupation', 'education', 'marital_status', 'household_size', 'children_count', 'income_band',
    'home_ownership', 'city', 'region', 'industry', 'employees', 'parent_customer_key',
    'organisation_key', 'contact_role', 'source_channel', 'language', 'credit_days',
    'points_balance', 'has_email_consent', 'has_sms_consent', 'has_phone_consent',
    'has_post_consent', 'is_inferred',
] %}
with

customer_versions as (
    select * from {{ ref('customer_versions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- Who is first heard of after the as-of date is not known yet. Sales without a customer have a row.
known as (
    select
        v.customer_key,
        v.valid_from
    from customer_versions as v
    cross join clock as t
    where v.valid_from <= t.as_of_date
    union all
    select
        {{ unattributed_key() }} as customer_key,
        cast('1900-01-01' as date) as valid_from
),

published as (
    select
        k.customer_key,
        k.valid_from,
        case when v.registered_on <= t.as_of_date then v.registered_on end as registered_on,
        case when v.last_verified_on <= t.as_of_date then v.last_verified_on end
            as last_verified_on,
        case
            when k.customer_key = {{ unattributed_key() }} then 'unattributed'
            else coalesce(v.customer_type, 'unknown')
        end as customer_type,
        v.country,
        v.gender,
        cast(extract(year from v.birth_date) as integer) as birth_year,
        v.occupation,
        v.education,
        v.marital_status,
        v.household_size,
        v.children_count,
        v.income_band,
        v.home_ownership,
        v.city,
        v.region,
        v.industry,
        v.employees,
        u.customer_key as parent_customer_key,
        e.customer_key as organisation_key,
        v.contact_role,
        v.source_channel,
        v.language,
        v.credit_days,
        v.points_balance,
        v.has_email_consent,
        v.has_sms_consent,
        v.has_phone_consent,
        v.has_post_consent,
        coalesce(v.is_inferred, true) as is_inferred
    from known as k
    cross join clock as t
    left join customer_versions as v
        on k.customer_key = v.customer_key
        and k.valid_from = v.valid_from
    left join customer_links as u
        on v.parent_record_key = u.record_key
        and t.as_of_date >= u.first_seen_on
    left join customer_links as e
        on v.organisation_record_key = e.record_key
        and t.as_of_date >= e.first_seen_on
),

compared as (
    select
        p.*,
        lag({{ said(attributes, 'p') }}) over (
            partition by p.customer_key
            order by p.valid_from
        ) as said_before,
        {{ said(attributes, 'p') }} as said
    from published as p
),

-- Consecutive intervals that say the same are one.
changed as (
    select
        *,
        lead(valid_from) over (partition by customer_key order by valid_from) as valid_to
    from compared
    where said is distinct from said_before
)

select
    customer_key,
    valid_from,
    valid_to,
    {%- for attribute in attributes[:-1] %}
    {{ attribute }},
    {%- endfor %}
    valid_to is null as is_current,
    is_inferred
from changed
