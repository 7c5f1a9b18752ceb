select
    _load_id,
    _line_number,
    product_id,
    product_name,
    category,
    brand,
    list_price,
    unit_cost,
    currency,
    updated_at,
    is_deleted
from {{ source('standard', 'products') }}
