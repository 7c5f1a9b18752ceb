-- Who is known to a unit by a record of its customer files, whether or not they buy there.
with

customers as (
    select *
    from {{ ref('dim_customers_history') }}
    where is_current
),

customer_records as (
    select * from {{ ref('dim_customer_records') }}
),

declared_tables as (
    select * from {{ ref('declared_tables') }}
),

customer_files as (
    select distinct
        system,
        business_unit
    from declared_tables
    where feed = 'customers'
)

select
    f.business_unit,
    r.customer_key,
    min(coalesce(c.registered_on, r.first_seen_on)) as known_on
from customer_records as r
inner join customer_files as f
    on r.system = f.system
inner join customers as c
    on r.customer_key = c.customer_key
where not r.is_inferred
group by f.business_unit, r.customer_key
