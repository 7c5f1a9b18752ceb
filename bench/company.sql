-- A company of which only the number of order lines varies, `lines`; see company.py. Draws are those
-- of the sample company: hashes of what is chosen, so that every file is decided, whoever writes it.

set variable orders = (getvariable('lines') + 2) // 3;
set variable customers = greatest(1, getvariable('lines') // 20);

-- In five orders of one to five lines there are fifteen: the order of a line, its first line and its
-- day need no table of orders.
create macro order_of(line) as line // 15 * 5 + [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4][1 + line % 15];
create macro first_line_of(order_no) as
    order_no // 5 * 15 + order_no % 5 * (order_no % 5 + 1) // 2;
create macro first_order_on(day) as
    (day * getvariable('orders') + getvariable('days') - 1) // getvariable('days');
-- what follows the history is of the day after it
create macro placed_on(order_no) as getvariable('first_day')::date + least(
    order_no * getvariable('days') // getvariable('orders'), getvariable('days')
)::int;

-- Customers come evenly through time, each with an order. The older ones buy more: a fifth of
-- the customers places two thirds of the orders.
create macro customers_before(order_no) as
    order_no * getvariable('customers') // getvariable('orders');
create macro customer_of(order_no) as if(
    customers_before(order_no + 1) > customers_before(order_no),
    customers_before(order_no),
    floor(customers_before(order_no) * pow(draw('customer', order_no), 2))::bigint
);
create macro is_new(order_no) as customers_before(order_no + 1) > customers_before(order_no);

-- One order in fifty brings back one that was placed a month before, line by line.
create macro orders_a_month() as getvariable('orders') // 36 // 5 * 5;
create macro is_return(order_no) as
    order_no >= orders_a_month() and not is_new(order_no) and draw('return', order_no) < 0.02;

create macro lines_between(first_line, last_line) as table
with numbered as (
    select
        line,
        order_of(line) as order_no,
        line - first_line_of(order_no) + 1 as line_number,
        is_return(order_no) as is_back,
        -- what is brought back is what was chosen then
        if(is_back, order_no - orders_a_month(), order_no) as chosen_order,
        if(is_back, line - orders_a_month() * 3, line) as chosen_line,
    from range(first_line, last_line) as numbers (line)
),

chosen as (
    select
        *,
        floor(2000 * pow(draw('product', chosen_line), 2))::bigint as product_no,
        if(is_back, -1, 1) as direction,
        1 + floor(6 * pow(draw('quantity', chosen_line), 3))::bigint as units,
        (1 + 40 * pow(draw('price', product_no), 3))::decimal(18, 2) as price,
        if(draw('discount', chosen_order) < 0.2, 10, 0) as percent_off,
    from numbered
)

select
    format('{:09d}', order_no) as order_id,
    line_number,
    format('{:08d}', customer_of(chosen_order)) as customer_id,
    placed_on(order_no)::timestamp + to_seconds(whole('time', order_no, 86400)) as ordered_at,
    format('P{:04d}', product_no) as product_id,
    direction * units as quantity,
    price as unit_price,
    (direction * units * price * percent_off / 100)::decimal(18, 2) as discount_amount,
    'GBP' as currency,
    (price * 0.6)::decimal(18, 2) as unit_cost,
    one_of(['online', 'store', 'telephone'], 'channel', chosen_order) as channel,
    if(is_back and draw('receipt', order_no) < 0.5, format('{:09d}', chosen_order), null)
        as original_order_id,
from chosen;
