with

order_lines as (
    select *
    from {{ changed_rows(
        ref('int_order_lines__valued'), ref('restated_orders'), ['system', 'order_id']
    ) }}
),

linked_returns as (
    select * from {{ ref('int_returns__linked') }}
)

select
    o.system,
    o.order_id,
    o.line_number,
    o.business_unit,
    o.customer_key,
    o.product_key,
    o.ordered_on,
    o.ordered_at,
    o.currency,
    o.line_kind,
    o.channel,
    o.store_id,
    o.promotion_id,
    coalesce(o.original_order_id, r.original_order_id) as original_order_id,
    case
        when o.original_order_id is not null then 'source'
        when r.original_order_id is not null then 'inferred'
    end as link_method,
    o.quantity,
    o.unit_price,
    o.unit_cost,
    o.discount_amount,
    o.net_amount,
    o.net_amount_reporting,
    o.is_return,
    o.is_merchandise
from order_lines as o
left join linked_returns as r
    on o.system = r.system
    and o.order_id = r.order_id
    and o.line_number = r.line_number
