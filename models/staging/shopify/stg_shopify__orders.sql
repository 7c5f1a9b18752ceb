{% set q = adapter.quote %}

with

-- What belongs to the order stands on its first line only; every line names its order.
order_lines as (
    select
        _load_id,
        _line_number,
        {{ q('Name') }} as order_id,
        {{ q('Lineitem sku') }} as sku,
        {{ q('Lineitem name') }} as product_name,
        {{ q('Lineitem quantity') }} as quantity,
        {{ q('Lineitem price') }} as unit_price,
        {{ money(q('Lineitem quantity')) }} * {{ money(q('Lineitem price')) }} as gross_amount,
        coalesce({{ money(q('Lineitem discount')) }}, 0) as line_discount,
        max({{ q('Created at') }}) over same_order as ordered_at,
        max({{ q('Email') }}) over same_order as email,
        max({{ q('Currency') }}) over same_order as currency,
        max({{ q('Source') }}) over same_order as channel,
        max({{ q('Location') }}) over same_order as store_id,
        max({{ q('Discount Code') }}) over same_order as promotion_id,
        max({{ q('Shipping Country') }}) over same_order as shipping_country,
        max({{ q('Billing Country') }}) over same_order as billing_country,
        max({{ q('Cancelled at') }}) over same_order as cancelled_at,
        lower(max({{ q('Financial Status') }}) over same_order) as financial_status,
        max({{ money(q('Subtotal')) }}) over same_order as subtotal,
        max({{ money(q('Total')) }}) over same_order as total,
        coalesce(max({{ money(q('Refunded Amount')) }}) over same_order, 0) as refunded
    from {{ source('shopify', 'orders') }}
    window same_order as (partition by _load_id, {{ q('Name') }})
),

weighed as (
    select
        *,
        gross_amount - line_discount as weight,
        sum(gross_amount - line_discount) over same_order as weights,
        sum(gross_amount - line_discount) over (
            partition by _load_id, order_id
            order by
                gross_amount nulls last, line_discount nulls last, sku nulls last,
                product_name nulls last, _line_number
            rows between unbounded preceding and current row
        ) as weights_so_far
    from order_lines
    window same_order as (partition by _load_id, order_id)
),

-- The export tells discounts and refunds of the order, not of its lines.
shared_out as (
    select
        *,
        coalesce(weights - subtotal, 0) as order_discount,
        coalesce(cast(refunded as double) * subtotal / nullif(total, 0), 0) as merchandise_refunded
    from weighed
)

select
    _load_id,
    _line_number,
    order_id,
    {{ pseudonym_of('email') }} as customer_id,
    ordered_at,
    coalesce({{ filled('sku') }}, product_name) as product_id,
    quantity,
    unit_price,
    cast(
        gross_amount
        - {{ part_on_line('merchandise_refunded', 'weight', 'weights_so_far', 'weights') }}
        as decimal(18, 4)
    ) as line_amount,
    cast(
        line_discount
        + {{ part_on_line('order_discount', 'weight', 'weights_so_far', 'weights') }}
        as decimal(18, 4)
    ) as discount_amount,
    currency,
    channel,
    store_id,
    promotion_id,
    product_name,
    coalesce({{ filled('shipping_country') }}, billing_country) as customer_country,
    case
        when {{ filled('cancelled_at') }} is not null
            or financial_status in ('voided', 'expired', 'refunded')
            then 'true'
    end as is_deleted
from shared_out
