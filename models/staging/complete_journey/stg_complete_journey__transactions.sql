select
    _load_id,
    _line_number,
    basket_id as order_id,
    household_id as customer_id,
    transaction_timestamp as ordered_at,
    product_id,
    quantity,
    {{ money('sales_value') }} + {{ money('retail_disc') }} + {{ money('coupon_match_disc') }}
        as line_amount,
    {{ money('retail_disc') }} + {{ money('coupon_match_disc') }} + {{ money('coupon_disc') }}
        as discount_amount,
    'USD' as currency,
    store_id
from {{ source('complete_journey', 'transactions') }}
