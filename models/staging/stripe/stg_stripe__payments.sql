{% set q = adapter.quote %}

select
    _load_id,
    _line_number,
    id as payment_id,
    {{ q('Customer ID') }} as customer_id,
    {{ q('Created date (UTC)') }} as paid_at,
    {{ q('Payment Source Type') }} as method,
    {{ stripe_amount() }} as amount,
    upper({{ q('Currency') }}) as currency,
    {{ stripe_is_unpaid() }} as is_deleted
from {{ source('stripe', 'payments') }}
