with

run_settings as (
    select * from {{ source('raw', 'run_settings') }}
),

transactions as (
    select * from {{ ref('transactions') }}
),

latest as (
    select max(ordered_on) as latest_ordered_on
    from transactions
)

select
    coalesce(r.as_of_requested, l.latest_ordered_on) as as_of_date,
    r.known_at,
    r.reporting_currency
from run_settings as r
cross join latest as l
