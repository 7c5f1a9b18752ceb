with

order_lines as (
    select *
    from {{ changed_rows(
        ref('fct_order_lines'), ref('changed_category_customers'), ['customer_key']
    ) }}
),

product_categories as (
    select * from {{ ref('product_categories') }}
),

-- As in customer_days: amounts of two currencies are never added.
currency_days as (
    select
        l.business_unit,
        l.customer_key,
        p.category,
        l.ordered_on,
        l.currency,
        sum(l.quantity) as quantity,
        sum(l.net_amount) as net_amount,
        sum(l.net_amount_reporting) as net_amount_reporting
    from order_lines as l
    inner join product_categories as p
        on l.product_key = p.product_key
    where l.is_merchandise
        and l.customer_key <> {{ unattributed_key() }}
    group by l.business_unit, l.customer_key, p.category, l.ordered_on, l.currency
)

select
    business_unit,
    customer_key,
    category,
    ordered_on,
    cast(sum(net_amount_reporting) as decimal(38, 4)) as net_amount_reporting
from currency_days
group by business_unit, customer_key, category, ordered_on
having sum(quantity) > 0
    and min(net_amount) >= 0
