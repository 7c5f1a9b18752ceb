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
    c.given_name,
    c.family_name,
    c.birth_date,
    c.anniversary_on,
    c.email,
    c.phone,
    c.mobile,
    c.fax,
    c.address_line,
    c.postal_code,
    c.tax_code,
    c.person_in_charge
from customer_links as l
inner join customers as c
    on l.system = c.system
    and l.customer_id = c.customer_id
