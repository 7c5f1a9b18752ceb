{% set q = adapter.quote %}

select
    _load_id,
    _line_number,
    id as order_id,
    '1' as line_number,
    {{ q('Customer ID') }} as customer_id,
    {{ q('Created date (UTC)') }} as ordered_at,
    {{ stripe_amount() }} as line_amount,
    upper({{ q('Currency') }}) as currency,
    {{ stripe_is_unpaid() }} as is_deleted
from {{ source('stripe', 'charges') }}
