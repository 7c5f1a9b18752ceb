with

transactions as (
    select * from {{ ref('transactions') }}
),

customers as (
    select * from {{ ref('customers') }}
),

source_ids as (
    select
        system,
        customer_id
    from transactions
    where customer_id is not null
    union distinct
    select
        system,
        customer_id
    from customers
)

select
    system,
    customer_id,
    {{ surrogate_key(['system', 'customer_id']) }} as customer_key
from source_ids
