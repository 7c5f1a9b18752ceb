{# Fails for every order whose lines or amount differ from those of its order lines. #}
{% test lines_tie_to_orders(model) %}
with

order_lines as (
    select
        system,
        order_id,
        count(*) as lines,
        case when min(currency) = max(currency) then sum(net_amount) end as net_amount
    from {{ ref('fct_order_lines') }}
    group by system, order_id
)

select
    coalesce(o.order_id, l.order_id) as order_id,
    o.lines as order_has,
    l.lines as lines_have
from {{ model }} as o
full outer join order_lines as l
    on o.system = l.system
    and o.order_id = l.order_id
where o.lines is distinct from l.lines
    or o.net_amount is distinct from l.net_amount
{% endtest %}
