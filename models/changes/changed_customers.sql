-- Whose orders, links or rates are not what they were: the customer before and the customer now.
{% set links = ref('customer_links') -%}
{% set orders = ref('changed_orders') -%}
{% set rates = ref('changed_rates') -%}
{% set lines = ref('int_order_lines__numbered') -%}
{% if before(links) -%}
with

linked as (
    select
        record_key,
        customer_key
    from {{ links }}
    union all
    select
        record_key,
        customer_key
    from {{ before(links) }}
),

relinked as (
    {{ differences(links, ['record_key', 'customer_key']) }}
),

at_changed_rates as (
    select distinct n.record_key
    from {{ lines }} as n
    inner join {{ rates }} as r
        on n.currency = r.currency
        and n.ordered_on = r.rate_on
)

select distinct
    l.customer_key,
    o.cause
from {{ orders }} as o
inner join linked as l
    on o.record_key = l.record_key
union all
select distinct
    customer_key,
    'merge' as cause
from relinked
union all
select distinct
    l.customer_key,
    'exchange_rate' as cause
from at_changed_rates as r
inner join linked as l
    on r.record_key = l.record_key
{%- else -%}
select
    customer_key,
    cast(null as string) as cause
from {{ links }}
where false
{%- endif %}
