{% set customer_id = adapter.quote('Customer ID') %}

select
    _load_id,
    _line_number,
    invoice as order_id,
    {{ customer_id }} as customer_id,
    invoicedate as ordered_at,
    upper(trim(stockcode)) as product_id,
    quantity,
    price as unit_price,
    'GBP' as currency,
    -- Clerks book found and lost stock as invoices to nobody at no price: no sale took place.
    case
        when {{ customer_id }} is null and try_cast(price as double) = 0 then 'stock_adjustment'
    end as line_kind,
    description as product_name,
    -- The extract says so where the country was not recorded.
    nullif(country, 'Unspecified') as customer_country
from {{ source('online_retail', 'transactions') }}
