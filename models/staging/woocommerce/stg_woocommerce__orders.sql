select
    _load_id,
    _line_number,
    order_id,
    coalesce({{ pseudonym_of('billing_email') }}, nullif(customer_id, '0')) as customer_id,
    {{ adapter.quote('date') }} as ordered_at,
    coalesce({{ filled('item_sku') }}, item_product_id) as product_id,
    -- Units that came back are delivered as a negative number.
    {{ money('item_quantity') }} - abs(coalesce({{ money('item_refunded_qty') }}, 0)) as quantity,
    {{ money('item_subtotal') }} - abs(coalesce({{ money('item_refunded') }}, 0)) as line_amount,
    {{ money('item_subtotal') }} - {{ money('item_total') }} as discount_amount,
    order_currency as currency,
    item_name as product_name,
    billing_country as customer_country,
    case
        when lower(status) in (
                'pending', 'failed', 'cancelled', 'refunded', 'trash', 'draft', 'checkout-draft'
            )
            then 'true'
    end as is_deleted
from {{ source('woocommerce', 'orders') }}
