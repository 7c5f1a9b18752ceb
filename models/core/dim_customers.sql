with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customers as (
    select * from {{ ref('customers') }}
),

order_lines as (
    select * from {{ ref('int_order_lines__valued') }}
),

clock as (
    select * from {{ ref('clock') }}
),

purchases as (
    select
        customer_key,
        min(case when is_merchandise and not is_return then ordered_on end) as first_order_on,
        max(case when is_merchandise and not is_return then ordered_on end) as last_order_on
    from order_lines
    group by customer_key
),

-- A customer seen in two countries lives where the latest order says.
countries as (
    select
        customer_key,
        customer_country,
        row_number() over (
            partition by customer_key
            order by max(ordered_at) desc, count(*) desc, customer_country asc
        ) as preference
    from order_lines
    where customer_country is not null
        and customer_key <> {{ unattributed_key() }}
    group by customer_key, customer_country
)

select
    l.customer_key,
    l.system,
    l.customer_id,
    case when c.registered_on <= t.as_of_date then c.registered_on end as registered_on,
    case when c.last_verified_on <= t.as_of_date then c.last_verified_on end as last_verified_on,
    p.first_order_on,
    p.last_order_on,
    coalesce(c.customer_type, 'unknown') as customer_type,
    coalesce(c.country, o.customer_country) as country,
    case
        when c.country is not null then 'customer_record'
        when o.customer_country is not null then 'latest_order'
    end as country_source,
    c.gender,
    cast(extract(year from c.birth_date) as integer) as birth_year,
    c.occupation,
    c.education,
    c.marital_status,
    c.household_size,
    c.children_count,
    c.income_band,
    c.home_ownership,
    c.city,
    c.region,
    c.industry,
    c.employees,
    u.customer_key as parent_customer_key,
    e.customer_key as organisation_key,
    c.contact_role,
    c.source_channel,
    c.language,
    c.credit_days,
    c.points_balance,
    c.has_email_consent,
    c.has_sms_consent,
    c.has_phone_consent,
    c.has_post_consent,
    c.customer_id is null as is_inferred
from customer_links as l
cross join clock as t
left join customers as c
    on l.system = c.system
    and l.customer_id = c.customer_id
left join customer_links as u
    on c.system = u.system
    and c.parent_customer_id = u.customer_id
    and t.as_of_date >= u.first_seen_on
left join customer_links as e
    on c.system = e.system
    and c.organisation_id = e.customer_id
    and t.as_of_date >= e.first_seen_on
left join purchases as p
    on l.customer_key = p.customer_key
left join countries as o
    on l.customer_key = o.customer_key
    and o.preference = 1
-- Who is registered or first heard of after the as-of date is not known yet.
where l.first_seen_on <= t.as_of_date

union all

select
    {{ unattributed_key() }} as customer_key,
    'none' as system,
    'unattributed' as customer_id,
    cast(null as date) as registered_on,
    cast(null as date) as last_verified_on,
    p.first_order_on,
    p.last_order_on,
    'unattributed' as customer_type,
    cast(null as string) as country,
    cast(null as string) as country_source,
    cast(null as string) as gender,
    cast(null as integer) as birth_year,
    cast(null as string) as occupation,
    cast(null as string) as education,
    cast(null as string) as marital_status,
    cast(null as bigint) as household_size,
    cast(null as bigint) as children_count,
    cast(null as string) as income_band,
    cast(null as string) as home_ownership,
    cast(null as string) as city,
    cast(null as string) as region,
    cast(null as string) as industry,
    cast(null as bigint) as employees,
    cast(null as bigint) as parent_customer_key,
    cast(null as bigint) as organisation_key,
    cast(null as string) as contact_role,
    cast(null as string) as source_channel,
    cast(null as string) as language,
    cast(null as bigint) as credit_days,
    cast(null as decimal(18, 4)) as points_balance,
    cast(null as boolean) as has_email_consent,
    cast(null as boolean) as has_sms_consent,
    cast(null as boolean) as has_phone_consent,
    cast(null as boolean) as has_post_consent,
    true as is_inferred
from (select {{ unattributed_key() }} as customer_key) as u
left join purchases as p
    on u.customer_key = p.customer_key
