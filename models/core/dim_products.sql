with

products as (
    select * from {{ ref('products') }}
),

order_lines as (
    select n.*
    from {{ ref('int_order_lines__numbered') }} as n
    inner join {{ ref('clock') }} as c
        on n.ordered_on <= c.as_of_date
),

referenced as (
    select * from {{ ref('int_products__referenced') }}
),

product_kinds as (
    select * from {{ ref('product_kinds') }}
),

line_kinds as (
    select * from {{ ref('line_kinds') }}
),

sold as (
    select
        system,
        product_id,
        product_key,
        min(ordered_on) as first_sold_on,
        max(ordered_on) as last_sold_on
    from order_lines
    where product_id is not null
    group by system, product_id, product_key
),

-- Order lines name a product in many ways; the name most often sold under is the product's. Remarks
-- that clerks leave on stock adjustments count only where no sale names it.
names as (
    select
        product_key,
        product_name,
        row_number() over (
            partition by product_key
            order by
                count(case when line_kind <> 'stock_adjustment' then 1 end) desc,
                max(ordered_at) desc,
                product_name asc
        ) as preference
    from order_lines
    where product_name is not null
    group by product_key, product_name
),

ids as (
    select
        system,
        product_id
    from products
    union distinct
    select
        system,
        product_id
    from sold
    union distinct
    select
        system,
        product_id
    from referenced
),

keyed as (
    select
        system,
        product_id,
        {{ surrogate_key(['system', 'product_id']) }} as product_key
    from ids
),

described as (
    select
        i.product_key,
        i.system,
        i.product_id,
        s.first_sold_on,
        s.last_sold_on,
        coalesce(p.product_name, n.product_name) as product_name,
        p.category,
        p.brand,
        p.product_family_id,
        p.quality_kind,
        p.currency,
        coalesce(k.line_kind, 'merchandise') as line_kind,
        p.grade,
        p.list_price,
        p.unit_cost,
        p.product_id is null as is_inferred
    from keyed as i
    left join products as p
        on i.system = p.system
        and i.product_id = p.product_id
    left join sold as s
        on i.product_key = s.product_key
    left join names as n
        on i.product_key = n.product_key
        and n.preference = 1
    left join product_kinds as k
        on i.system = k.system
        and i.product_id = k.product_id

    union all

    select
        {{ unknown_product_key() }} as product_key,
        'none' as system,
        'unknown' as product_id,
        min(ordered_on) as first_sold_on,
        max(ordered_on) as last_sold_on,
        'Lines without a product' as product_name,
        cast(null as string) as category,
        cast(null as string) as brand,
        cast(null as string) as product_family_id,
        cast(null as string) as quality_kind,
        cast(null as string) as currency,
        'merchandise' as line_kind,
        cast(null as bigint) as grade,
        cast(null as decimal(18, 6)) as list_price,
        cast(null as decimal(18, 6)) as unit_cost,
        true as is_inferred
    from order_lines
    where product_key = {{ unknown_product_key() }}
)

select
    d.product_key,
    d.system,
    d.product_id,
    d.first_sold_on,
    d.last_sold_on,
    d.product_name,
    d.category,
    d.brand,
    d.product_family_id,
    d.quality_kind,
    d.currency,
    d.line_kind,
    d.grade,
    d.list_price,
    d.unit_cost,
    k.is_merchandise,
    d.is_inferred
from described as d
inner join line_kinds as k
    on d.line_kind = k.line_kind
