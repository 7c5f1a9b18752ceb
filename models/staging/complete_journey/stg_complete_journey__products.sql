select
    _load_id,
    _line_number,
    -- One id was taken for a number on its way and is written unlike in the order lines.
    case when product_id = '9e+05' then '900000' else product_id end as product_id,
    product_type as product_name,
    product_category as category,
    brand
from {{ source('complete_journey', 'products') }}
