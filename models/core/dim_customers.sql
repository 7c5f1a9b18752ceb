with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customers as (
    select * from {{ ref('customers') }}
),

order_lines as (
    select * from {{ ref('int_order_lines__valued') }}
),

purchases as (
    select
        customer_key,
        min(case when is_merchandise and not is_return then ordered_on end) as first_order_on,
        max(case when is_merchandise and not is_return then ordered_on end) as last_order_on
    from order_lines
    group by customer_key
),

-- A customer seen in two countries lives where the latest order says.
countries as (
    select
        customer_key,
        customer_country,
        row_number() over (
            partition by customer_key
            order by max(ordered_at) desc, count(*) desc, customer_country asc
        ) as preference
    from order_lines
    where customer_country is not null
        and customer_key <> {{ unattributed_key() }}
    group by customer_key, customer_country
)

select
    l.customer_key,
    l.system,
    l.customer_id,
    c.registered_on,
    p.first_order_on,
    p.last_order_on,
    coalesce(c.customer_type, 'unknown') as customer_type,
    coalesce(c.country, o.customer_country) as country,
    case
        when c.country is not null then 'customer_record'
        when o.customer_country is not null then 'latest_order'
    end as country_source,
    c.customer_id is null as is_inferred
from customer_links as l
left join customers as c
    on l.system = c.system
    and l.customer_id = c.customer_id
left join purchases as p
    on l.customer_key = p.customer_key
left join countries as o
    on l.customer_key = o.customer_key
    and o.preference = 1
-- Who is in no customer file and first orders after the as-of date is not known yet.
where c.customer_id is not null
    or p.customer_key is not null

union all

select
    {{ unattributed_key() }} as customer_key,
    'none' as system,
    'unattributed' as customer_id,
    cast(null as date) as registered_on,
    p.first_order_on,
    p.last_order_on,
    'unattributed' as customer_type,
    cast(null as string) as country,
    cast(null as string) as country_source,
    true as is_inferred
from (select {{ unattributed_key() }} as customer_key) as u
left join purchases as p
    on u.customer_key = p.customer_key
