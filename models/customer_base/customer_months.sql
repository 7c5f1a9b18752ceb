with

customer_days as (
    select *
    from {{ changed_rows(
        ref('customer_days'), ref('changed_customers'), ['customer_key']
    ) }}
)

select
    business_unit,
    customer_key,
    last_day(ordered_on) as month_end,
    cast(sum(case when is_occasion then 1 else 0 end) as integer) as occasions,
    cast(sum(orders) as bigint) as orders,
    cast(sum(lines) as bigint) as lines,
    cast(sum(lines_with_rate) as bigint) as lines_with_rate,
    cast(sum(net_amount_reporting) as decimal(38, 4)) as net_amount_reporting
from customer_days
group by business_unit, customer_key, last_day(ordered_on)
