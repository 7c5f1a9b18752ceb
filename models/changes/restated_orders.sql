-- Every order of a changed customer, since returns are linked within all that a customer bought,
-- and what has no customer but its own line or rate changed.
with

lines as (
    select * from {{ ref('int_order_lines__numbered') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

changed_customers as (
    select distinct customer_key
    from {{ ref('changed_customers') }}
),

changed_rates as (
    select * from {{ ref('changed_rates') }}
)

select
    system,
    order_id
from {{ ref('changed_orders') }}
union distinct
select
    n.system,
    n.order_id
from lines as n
inner join customer_links as l
    on n.record_key = l.record_key
inner join changed_customers as c
    on l.customer_key = c.customer_key
union distinct
select
    n.system,
    n.order_id
from lines as n
inner join changed_rates as r
    on n.currency = r.currency
    and n.ordered_on = r.rate_on
