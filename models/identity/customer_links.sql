with

customers as (
    select * from {{ ref('customers') }}
),

transactions as (
    select * from {{ ref('transactions') }}
),

payments as (
    select * from {{ ref('payments') }}
),

interactions as (
    select * from {{ ref('interactions') }}
),

campaign_contacts as (
    select * from {{ ref('campaign_contacts') }}
),

surveys as (
    select * from {{ ref('surveys') }}
),

web_events as (
    select * from {{ ref('web_events') }}
),

service_contracts as (
    select * from {{ ref('service_contracts') }}
),

leads as (
    select * from {{ ref('leads') }}
),

wallet_estimates as (
    select * from {{ ref('wallet_estimates') }}
),

-- Every id that any feed names, and the first day on which it does. What has no day counts from the
-- beginning.
mentions as (
    select
        system,
        customer_id,
        coalesce(registered_on, cast('1900-01-01' as date)) as seen_on
    from customers
    union all
    select
        system,
        customer_id,
        min(ordered_on) as seen_on
    from transactions
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(coalesce(issued_on, least(paid_on, due_on))) as seen_on
    from payments
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(opened_on) as seen_on
    from interactions
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(coalesce(contacted_on, responded_on, cast('1900-01-01' as date))) as seen_on
    from campaign_contacts
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(answered_on) as seen_on
    from surveys
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(occurred_on) as seen_on
    from web_events
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(starts_on) as seen_on
    from service_contracts
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(created_on) as seen_on
    from leads
    where customer_id is not null
    group by system, customer_id
    union all
    select
        system,
        customer_id,
        min(estimated_on) as seen_on
    from wallet_estimates
    where customer_id is not null
    group by system, customer_id
)

select
    system,
    customer_id,
    {{ surrogate_key(['system', 'customer_id']) }} as customer_key,
    min(seen_on) as first_seen_on
from mentions
group by system, customer_id
