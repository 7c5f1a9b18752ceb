with

lines as (
    select * from {{ ref('int_order_lines__numbered') }}
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
    n.system,
    n.order_id,
    n.line_number,
    n.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    n.product_key,
    n.product_id,
    n.ordered_on,
    n.ordered_at,
    n.product_name,
    n.customer_country,
    coalesce(n.currency, c.reporting_currency) as currency,
    n.line_kind,
    n.channel,
    n.store_id,
    n.promotion_id,
    n.original_order_id,
    n.quantity,
    n.unit_price,
    n.unit_cost,
    n.discount_amount,
    n.net_amount,
    {{ in_reporting_currency('n.net_amount', 'coalesce(n.currency, c.reporting_currency)') }}
        as net_amount_reporting,
    n.is_return,
    n.is_merchandise
from lines as n
cross join clock as c
left join customer_links as l
    on n.record_key = l.record_key
left join exchange_rates as x
    on n.currency = x.currency
    and n.ordered_on = x.rate_on
where n.ordered_on <= c.as_of_date
