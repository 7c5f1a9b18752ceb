with

order_lines as (
    select *
    from {{ changed_rows(
        ref('fct_order_lines'), ref('restated_orders'), ['system', 'order_id']
    ) }}
)

select
    system,
    order_id,
    max(business_unit) as business_unit,
    max(customer_key) as customer_key,
    min(ordered_on) as ordered_on,
    min(ordered_at) as ordered_at,
    case when min(currency) = max(currency) then max(currency) end as currency,
    max(channel) as channel,
    count(*) as lines,
    cast(sum(case when is_merchandise then quantity else 0 end) as decimal(38, 4)) as quantity,
    cast(
        case when min(currency) = max(currency) then sum(net_amount) end as decimal(38, 4)
    ) as net_amount,
    cast(
        case when count(net_amount_reporting) = count(*) then sum(net_amount_reporting) end
        as decimal(38, 4)
    ) as net_amount_reporting,
    min(case when is_return then 1 else 0 end) = 1 as is_return
from order_lines
group by system, order_id
