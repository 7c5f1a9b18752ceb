with

run_settings as (
    select * from {{ source('raw', 'run_settings') }}
),

transactions as (
    select * from {{ ref('transactions') }}
),

customer_mentions as (
    select * from {{ ref('customer_mentions') }}
),

latest as (
    select max(ordered_on) as latest_ordered_on
    from transactions
),

-- Where nobody has ordered yet, whoever was heard of last sets the date.
heard as (
    select max(first_seen_on) as latest_seen_on
    from customer_mentions
)

select
    coalesce(r.as_of_requested, l.latest_ordered_on, h.latest_seen_on) as as_of_date,
    r.known_at,
    r.reporting_currency
from run_settings as r
cross join latest as l
cross join heard as h
