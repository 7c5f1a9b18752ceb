-- The one place where a sensitive category is taken out: what rests on this never sees it.
with

products as (
    select * from {{ ref('dim_products') }}
),

sensitive_categories as (
    select * from {{ ref('sensitive_categories') }}
)

select
    p.product_key,
    p.category
from products as p
where p.category is not null
    and not exists (
        select 1
        from sensitive_categories as s
        where lower(p.category) like s.category_pattern
    )
