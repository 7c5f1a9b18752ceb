{% set customer_id = adapter.quote('Customer ID') %}

select
    _load_id,
    _line_number,
    invoice as order_id,
    cast(null as string) as line_number,
    {{ customer_id }} as customer_id,
    invoicedate as ordered_at,
    upper(trim(stockcode)) as product_id,
    quantity,
    price as unit_price,
    cast(null as string) as line_amount,
    cast(null as string) as discount_amount,
    'GBP' as currency,
    cast(null as string) as unit_cost,
    cast(null as string) as channel,
    cast(null as string) as store_id,
    cast(null as string) as promotion_id,
    cast(null as string) as original_order_id,
    -- Clerks book found and lost stock as invoices to nobody at no price: no sale took place.
    case
        when {{ customer_id }} is null and try_cast(price as double) = 0 then 'stock_adjustment'
    end as line_kind,
    description as product_name,
    -- The extract says so where the country was not recorded.
    nullif(country, 'Unspecified') as customer_country,
    cast(null as string) as updated_at,
    cast(null as string) as is_deleted
from {{ source('online_retail', 'transactions') }}
