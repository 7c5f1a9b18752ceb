with

wallet_estimates as (
    select * from {{ ref('wallet_estimates') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates__daily') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    w.system,
    w.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    w.category,
    w.estimated_on,
    lead(w.estimated_on) over (
        partition by w.system, w.customer_id, w.category order by w.estimated_on
    ) as valid_to,
    w.estimate_source,
    coalesce(w.currency, c.reporting_currency) as currency,
    w.wallet_amount,
    {{ in_reporting_currency('w.wallet_amount', 'coalesce(w.currency, c.reporting_currency)') }}
        as wallet_amount_reporting
from wallet_estimates as w
inner join clock as c
    on w.estimated_on <= c.as_of_date
left join customer_links as l
    on w.system = l.system
    and w.customer_id = l.customer_id
left join exchange_rates as x
    on w.currency = x.currency
    and w.estimated_on = x.rate_on
