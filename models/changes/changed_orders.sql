-- An order that was only delivered again is not changed.
{% set lines = ref('int_order_lines__numbered') -%}
{% set arrived_orders = ref('arrived_orders') -%}
{% if before(lines) -%}
with

differing as (
    {{ differences(
        lines,
        adapter.get_columns_in_relation(lines) | map(attribute='name') | list,
        arrived_orders,
        ['system', 'order_id']
    ) }}
),

known_before as (
    select distinct
        w.system,
        w.order_id
    from {{ before(lines) }} as w
    where {{ is_changed('w', arrived_orders, ['system', 'order_id']) }}
),

known_now as (
    select distinct
        w.system,
        w.order_id
    from {{ lines }} as w
    where {{ is_changed('w', arrived_orders, ['system', 'order_id']) }}
)

select distinct
    d.system,
    d.order_id,
    d.record_key,
    case
        when b.order_id is null then 'new_order'
        when n.order_id is null then 'withdrawn_order'
        else 'corrected_order'
    end as cause
from differing as d
left join known_before as b
    on d.system = b.system
    and d.order_id = b.order_id
left join known_now as n
    on d.system = n.system
    and d.order_id = n.order_id
{%- else -%}
select
    system,
    order_id,
    record_key,
    cast(null as string) as cause
from {{ lines }}
where false
{%- endif %}
