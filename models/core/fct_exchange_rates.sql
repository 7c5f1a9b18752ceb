with

exchange_rates as (
    select * from {{ ref('exchange_rates') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    x.system,
    x.rate_on,
    x.from_currency,
    x.to_currency,
    x.exchange_rate
from exchange_rates as x
inner join clock as c
    on x.rate_on <= c.as_of_date
