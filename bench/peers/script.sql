-- What somebody writes by hand where one system delivers clean lines once: a typed fact table,
-- customer-days, customer-months and RFM at every month's end and at the as-of date.
create table order_lines as
select
    order_id::bigint as order_id,
    line_number::smallint as line_number,
    customer_id::bigint as customer_id,
    ordered_at,
    ordered_at::date as ordered_on,
    product_id,
    quantity::integer as quantity,
    unit_price,
    (quantity * unit_price - discount_amount)::decimal(18, 4) as net_amount,
from read_parquet(getvariable('raw'));

create table customer_days as
select
    customer_id,
    ordered_on,
    count(distinct order_id) as orders,
    count(*) as lines,
    sum(quantity) as quantity,
    sum(net_amount) as net_amount,
    sum(quantity) > 0 and sum(net_amount) >= 0 as is_occasion,
from order_lines
group by all;

create table customer_months as
select
    customer_id,
    last_day(ordered_on) as month_end,
    sum(orders) as orders,
    sum(quantity) as quantity,
    sum(net_amount) as net_amount,
from customer_days
group by all;

create table rfm_customer_months as
with snapshots as (
    select distinct least(last_day(ordered_on), getvariable('as_of')) as snapshot_on
    from customer_days
),

measured as (
    select
        s.snapshot_on,
        d.customer_id,
        date_diff('day', max(d.ordered_on) filter (d.is_occasion), s.snapshot_on) as recency_days,
        count(*) filter (d.is_occasion) as frequency,
        sum(d.net_amount) as monetary_amount,
    from snapshots as s
    inner join customer_days as d
        on d.ordered_on <= s.snapshot_on
        and d.ordered_on > s.snapshot_on - getvariable('window_days')::int
    group by s.snapshot_on, d.customer_id
    having count(*) filter (d.is_occasion) > 0
),

ranked as (
    select
        *,
        percent_rank() over (partition by snapshot_on order by recency_days desc) as r_rank,
        percent_rank() over (partition by snapshot_on order by frequency) as f_rank,
        percent_rank() over (partition by snapshot_on order by monetary_amount) as m_rank,
    from measured
)

select
    * exclude (r_rank, f_rank, m_rank),
    least(5, 1 + floor(5 * r_rank))::tinyint as r_score,
    least(5, 1 + floor(5 * f_rank))::tinyint as f_score,
    least(5, 1 + floor(5 * m_rank))::tinyint as m_score,
from ranked;
