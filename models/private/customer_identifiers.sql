with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customers as (
    select * from {{ ref('customers') }}
)

select
    l.customer_key,
    c.full_name,
    c.email,
    c.phone
from customer_links as l
inner join customers as c
    on l.system = c.system
    and l.customer_id = c.customer_id
