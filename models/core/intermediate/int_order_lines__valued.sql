with

transactions as (
    select * from {{ ref('transactions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

product_kinds as (
    select * from {{ ref('product_kinds') }}
),

line_kinds as (
    select * from {{ ref('line_kinds') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates__daily') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- Lines without a number are numbered by what they say, never by where they stand in the file:
-- identical lines may swap numbers without anyone being able to tell.
numbered as (
    select
        t.*,
        coalesce(t.line_number, coalesce(max(t.line_number) over in_order, 0) + row_number() over (
            partition by t.system, t.order_id, t.line_number is null
            order by
                t.product_id nulls last, t.ordered_at nulls last, t.quantity nulls last,
                t.unit_price nulls last, t.line_amount nulls last, t.discount_amount nulls last,
                t.customer_id nulls last, t.currency nulls last, t.line_kind nulls last,
                t.product_name nulls last, t.customer_country nulls last, t.unit_cost nulls last,
                t.channel nulls last, t.store_id nulls last, t.promotion_id nulls last,
                t.original_order_id nulls last, t.updated_at nulls last
        )) as order_line_number
    from transactions as t
    window in_order as (partition by t.system, t.order_id)
),

valued as (
    select
        n.*,
        {{ units('n') }} as units,
        {{ net_amount('n') }} as net_amount
    from numbered as n
)

select
    v.system,
    v.order_id,
    v.order_line_number as line_number,
    v.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    {{ product_key('v.system', 'v.product_id') }} as product_key,
    v.product_id,
    v.ordered_on,
    v.ordered_at,
    v.product_name,
    v.customer_country,
    coalesce(v.currency, c.reporting_currency) as currency,
    k.line_kind,
    v.channel,
    v.store_id,
    v.promotion_id,
    v.original_order_id,
    cast(v.units as decimal(18, 4)) as quantity,
    coalesce(
        v.unit_price,
        cast(
            round(cast(v.line_amount as double) / nullif(cast(v.units as double), 0), 6)
            as decimal(18, 6)
        )
    ) as unit_price,
    v.unit_cost,
    v.discount_amount,
    v.net_amount,
    {{ in_reporting_currency('v.net_amount', 'coalesce(v.currency, c.reporting_currency)') }}
        as net_amount_reporting,
    v.units < 0 as is_return,
    k.is_merchandise
from valued as v
cross join clock as c
left join customer_links as l
    on v.system = l.system
    and v.customer_id = l.customer_id
left join product_kinds as p
    on v.system = p.system
    and v.product_id = p.product_id
left join line_kinds as k
    on coalesce(v.line_kind, p.line_kind, 'merchandise') = k.line_kind
left join exchange_rates as x
    on v.currency = x.currency
    and v.ordered_on = x.rate_on
where v.ordered_on <= c.as_of_date
