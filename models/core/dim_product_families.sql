with

product_families as (
    select * from {{ ref('product_families') }}
)

select
    f.system,
    f.product_family_id,
    f.product_family_name,
    f.category,
    f.parent_family_id
from product_families as f
