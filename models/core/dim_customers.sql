with

customer_links as (
    select * from {{ ref('customer_links') }}
),

dim_customers_history as (
    select * from {{ ref('dim_customers_history') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

lines_with_country as (
    select *
    from {{ ref('int_order_lines__valued') }}
    where customer_country is not null
        and customer_key <> {{ unattributed_key() }}
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

refusals as (
    select * from {{ ref('int_customers__refusing') }}
),

core_settings as (
    select * from {{ ref('core_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

records as (
    select
        l.customer_key,
        count(*) as records,
        {{ ordered_list('l.system') }} as systems
    from customer_links as l
    cross join clock as t
    where l.first_seen_on <= t.as_of_date
    group by l.customer_key
),

purchases as (
    select
        customer_key,
        min(case when is_merchandise and not is_return then ordered_on end) as first_order_on,
        max(case when is_merchandise and not is_return then ordered_on end) as last_order_on
    from order_lines
    group by customer_key
),

occasions as (
    select
        customer_key,
        min(ordered_on) as first_occasion_on,
        max(ordered_on) as last_occasion_on
    from customer_days
    where is_occasion
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
    from lines_with_country
    group by customer_key, customer_country
),

-- Who buys is not unwilling to buy, whatever came of the last offer.
statuses as (
    select
        h.customer_key,
        case
            when h.customer_key = {{ unattributed_key() }} then 'unattributed'
            when {{ days_between('o.first_occasion_on', 't.as_of_date') }} < s.new_customer_days
                then 'new'
            when {{ days_between('o.last_occasion_on', 't.as_of_date') }} < s.active_window_days
                then 'current'
            when r.refused_on >= coalesce(o.last_occasion_on, r.refused_on) then 'refusing'
            when o.last_occasion_on is not null then 'former'
            else 'prospect'
        end as customer_status
    from dim_customers_history as h
    cross join clock as t
    cross join core_settings as s
    left join occasions as o
        on h.customer_key = o.customer_key
    left join refusals as r
        on h.customer_key = r.customer_key
    where h.is_current
)

select
    h.customer_key,
    coalesce(l.system, 'none') as system,
    coalesce(l.customer_id, 'unattributed') as customer_id,
    h.registered_on,
    h.last_verified_on,
    p.first_order_on,
    p.last_order_on,
    h.customer_type,
    s.customer_status,
    coalesce(h.country, c.customer_country) as country,
    case
        when h.country is not null then 'customer_record'
        when c.customer_country is not null then 'latest_order'
    end as country_source,
    h.gender,
    h.birth_year,
    h.occupation,
    h.education,
    h.marital_status,
    h.household_size,
    h.children_count,
    h.income_band,
    h.home_ownership,
    h.city,
    h.region,
    h.industry,
    h.employees,
    h.parent_customer_key,
    h.organisation_key,
    h.contact_role,
    h.source_channel,
    h.language,
    r.systems,
    h.credit_days,
    h.points_balance,
    cast({{ days_between('least(h.registered_on, p.first_order_on)', 't.as_of_date') }} as bigint)
        as tenure_days,
    coalesce(r.records, 0) as records,
    h.has_email_consent,
    h.has_sms_consent,
    h.has_phone_consent,
    h.has_post_consent,
    h.is_inferred
from dim_customers_history as h
cross join clock as t
inner join statuses as s
    on h.customer_key = s.customer_key
left join customer_links as l
    on h.customer_key = l.record_key
left join records as r
    on h.customer_key = r.customer_key
left join purchases as p
    on h.customer_key = p.customer_key
left join countries as c
    on h.customer_key = c.customer_key
    and c.preference = 1
where h.is_current
