with

order_lines as (
    select *
    from {{ changed_rows(
        ref('fct_order_lines'), ref('changed_customers'), ['customer_key']
    ) }}
),

-- Amounts of two currencies are never added: a day is judged currency by currency first.
currency_days as (
    select
        business_unit,
        customer_key,
        ordered_on,
        currency,
        count(distinct order_id) as orders,
        count(*) as lines,
        count(net_amount_reporting) as lines_with_rate,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(net_amount_reporting) as net_amount_reporting
    from order_lines
    where is_merchandise
        and customer_key <> {{ unattributed_key() }}
    group by business_unit, customer_key, ordered_on, currency
)

select
    business_unit,
    customer_key,
    ordered_on,
    cast(sum(orders) as bigint) as orders,
    cast(sum(lines) as bigint) as lines,
    cast(sum(lines_with_rate) as bigint) as lines_with_rate,
    cast(sum(quantity) as decimal(38, 4)) as quantity,
    cast(sum(net_amount_reporting) as decimal(38, 4)) as net_amount_reporting,
    sum(quantity) > 0 and min(net_amount) >= 0 as is_occasion
from currency_days
group by business_unit, customer_key, ordered_on
