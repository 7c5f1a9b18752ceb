-- Quarantined rows say nothing of an order.
select distinct
    t.system,
    t.order_id
from {{ ref('transactions_typed') }} as t
inner join {{ ref('arrived_loads') }} as a
    on t.load_id = a.load_id
where t.reasons is null
