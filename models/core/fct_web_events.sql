with

web_events as (
    select * from {{ ref('web_events') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    w.system,
    w.event_id,
    w.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    {{ product_key('w.system', 'w.product_id') }} as product_key,
    w.visitor_id,
    w.session_id,
    w.order_id,
    w.occurred_on,
    w.occurred_at,
    w.event_kind,
    w.category,
    w.referrer
from web_events as w
inner join clock as c
    on w.occurred_on <= c.as_of_date
left join customer_links as l
    on w.system = l.system
    and w.customer_id = l.customer_id
