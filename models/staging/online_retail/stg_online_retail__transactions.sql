{% set customer_id = adapter.quote('Customer ID') %}

select
    _load_id,
    _line_number,
    Invoice as order_id,
    cast(null as string) as line_number,
    {{ customer_id }} as customer_id,
    InvoiceDate as ordered_at,
    upper(trim(StockCode)) as product_id,
    Quantity as quantity,
    Price as unit_price,
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
        when {{ customer_id }} is null and try_cast(Price as double) = 0 then 'stock_adjustment'
    end as line_kind,
    Description as product_name,
    -- The extract says so where the country was not recorded.
    nullif(Country, 'Unspecified') as customer_country,
    cast(null as string) as updated_at,
    cast(null as string) as is_deleted
from {{ source('online_retail', 'transactions') }}
