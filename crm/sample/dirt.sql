-- What is wrong in the files, planted, with what must become of it.

create table line_faults as
select * from (values
    (0, 'grouped price', 'quarantined', 'unit_price: not_a_number'),
    (1, 'impossible date', 'quarantined', 'ordered_at: not_a_timestamp'),
    (2, 'future date', 'quarantined', 'ordered_at: in_the_future'),
    (3, 'no order', 'quarantined', 'order_id: required'),
    (4, 'worded quantity', 'quarantined', 'quantity: not_a_number'),
    (5, 'short line', 'unparseable', 'unparseable: 5 fields where the header has 18.'),
    (6, 'lower currency', 'quarantined', 'currency: not_allowed'),
    (7, 'unknown currency', 'quarantined', 'currency: not_allowed'),
    (8, 'no price', 'quarantined', 'unit_price or line_amount: required'),
    (9, 'too many decimals', 'quarantined', 'quantity: too_many_decimals'),
    (10, 'padded', 'accepted', null),
    (11, 'twin', 'accepted', null),
    (12, 'twin again', 'superseded', null)
) as rows (fault_no, fault, verdict, reasons);

-- Added to first orders that are sound otherwise, as lines 51 and on.
create table dirty_lines as
with rounds as (
    select unnest(range(1, 1 + greatest(
        1, least(3, getvariable('orders') // 2000), getvariable('orders') // 8000
    ))) as round
),

targets as (
    select
        order_no, booked_no, ordered_at, file_no,
        row_number() over (order by draw('dirt', order_no), order_no) as n,
    from orders
    where order_no % 1024 = 0 and i > 0 and currency_no = 0
        and order_no not in (select order_no from repeats)
    order by draw('dirt', order_no), order_no
    limit (select 12 * count(*) from rounds)
)

select
    file_no, ordered_at, order_no, fault, verdict, reasons,
    order_id_of(order_no) as order_id,
    50 + n as line_number,
    customer_id_of(booked_no) as customer_id,
    format('{:05d}', 100 + 7 * whole('dirty product', order_no, 96)) as product_id,
    3.00 + whole('dirty price', order_no, 900) as price,
from targets
inner join line_faults on (n - 1) % 12 = least(fault_no, 11);

create view dirty_texts as
select
    *,
    [
        if(fault = 'no order', '', order_id),
        line_number::varchar,
        -- a blank and a no-break space on either side
        if(fault = 'padded', ' ' || chr(160) || customer_id || chr(160) || ' ', customer_id),
        case fault
            when 'impossible date' then '31/02/2025'
            when 'future date' then '2099-05-17 10:00:00'
            else strftime(ordered_at, '%Y-%m-%d %H:%M:%S')
        end,
        product_id,
        case fault
            when 'worded quantity' then 'x' when 'too many decimals' then '1.23456' else '1'
        end,
        case fault
            when 'grouped price' then format('"1,{:03d}.00"', price::int % 1000)
            when 'no price' then ''
            else price::decimal(18, 2)::varchar
        end,
        '',
        '0.00',
        case fault
            when 'lower currency' then 'gbp' when 'unknown currency' then 'XQQ' else 'GBP'
        end,
        '', 'store', '001', '', '', '',
        strftime(ordered_at + to_minutes(5), '%Y-%m-%d %H:%M:%S'),
        ''
    ][:if(fault = 'short line', 5, 18)] as fields,
from dirty_lines;

-- A CSV of one file's order lines as text: a writer of CSV would mend the short ones.
create view transaction_texts as
with texts as (
    select
        ordered_at, order_id, line_number, updated_at,
        concat_ws(
            ',', order_id, line_number, coalesce(customer_id, ''),
            strftime(ordered_at, '%Y-%m-%d %H:%M:%S'), product_id, quantity, unit_price,
            coalesce(line_amount::varchar, ''), discount_amount, currency,
            coalesce(unit_cost::varchar, ''), channel, coalesce(store_id, ''),
            coalesce(promotion_id, ''), coalesce(original_order_id, ''), coalesce(line_kind, ''),
            strftime(updated_at, '%Y-%m-%d %H:%M:%S'), coalesce(is_deleted::varchar, '')
        ) as line,
        null as fault, null as verdict, null as reasons,
    from file_lines
    union all
    select
        ordered_at, order_id, line_number, ordered_at, array_to_string(fields, ','), fault, verdict,
        reasons,
    from dirty_texts
    where getvariable('file_no') in (file_no, -1)
)

select
    -- the header is line 1
    1 + row_number() over (
        order by ordered_at, order_id, line_number, updated_at, fault nulls first
    ) as line_number,
    line, fault, verdict, reasons,
from texts;

create temp table file_texts as from transaction_texts;

create table dirt (
    feed varchar, file varchar, line_number bigint, fault varchar, verdict varchar, reasons varchar
);

-- Files that somebody wrote by hand: what is written, then what is wrong with it.
create table hand_written_customers as
select
    id as customer_id, type as customer_type, name as full_name, email, born as birth_date,
    registered_on, fault, verdict, reasons,
from (values
    ('H000001', 'person', 'Ann Ledger', 'ann@example.net', '1980-01-05', '2024-03-01',
        null, 'accepted', null),
    ('H000002', 'person', 'Bob Ledger', 'no e-mail', '1981-01-05', '2024-03-01',
        'no e-mail address', 'quarantined', 'email: not_of_the_form'),
    ('H000003', 'person', 'Cyd Ledger', 'cyd@example.net', '1987-02-30', '2024-03-01',
        'impossible birthday', 'quarantined', 'birth_date: not_a_date'),
    ('H000004', 'person', 'Dee Ledger', 'dee@example.net', '2099-01-01', '2024-03-01',
        'future birthday', 'quarantined', 'birth_date: in_the_future'),
    (null, 'person', 'Eve Ledger', 'eve@example.net', '1984-01-05', '2024-03-01',
        'no customer', 'quarantined', 'customer_id: required'),
    ('H000006', 'robot', 'Fay Ledger', 'fay@example.net', '1985-01-05', '2024-03-01',
        'unknown type', 'quarantined', 'customer_type: not_of_the_form')
) as rows (id, type, name, email, born, registered_on, fault, verdict, reasons);

create table hand_written_payments as
select * from (values
    ('H000001', '2025-05-02', '2025-06-01', '120.00', 'GBP', null, 'accepted', null),
    ('H000002', '2025-05-02', '2025-06-01', null, 'GBP',
        'no amount', 'quarantined', 'amount: required'),
    ('H000003', null, null, '75.00', 'GBP',
        'no dates', 'quarantined', 'issued_on or due_on or paid_at: required'),
    ('H000004', '2025-13-02', '2025-06-01', '75.00', 'GBP',
        'impossible date', 'quarantined', 'issued_on: not_a_date')
) as rows (payment_id, issued_on, due_on, amount, currency, fault, verdict, reasons);

create table hand_written_interactions as
select * from (values
    ('H000001', 'call', '2025-05-02 10:00:00', '4', null, 'accepted', null),
    ('H000002', 'telepathy', '2025-05-02 10:00:00', '4',
        'unknown kind', 'quarantined', 'interaction_kind: not_allowed'),
    ('H000003', 'call', null, '4',
        'no start', 'quarantined', 'opened_at: required'),
    ('H000004', 'call', '2025-05-02 10:00:00', '9',
        'off the scale', 'quarantined', 'satisfaction: out_of_range')
) as rows (interaction_id, interaction_kind, opened_at, satisfaction, fault, verdict, reasons);

-- A day at the market: nobody's name is taken. The file comes twice, under two names. It grows with
-- the others, since a file much smaller than its neighbours would be stopped at the door.
create view market_stall as
select
    'M' || lpad((1 + n // 2)::varchar, 6, '0') as order_id,
    1 + n % 2 as line_number,
    timestamp '2025-09-06 08:00:00' + to_minutes((n // 2 % 600)::int) as ordered_at,
    format('{:05d}', 100 + 7 * whole('stall', n, 96)) as product_id,
    1 + whole('stall units', n, 3) as quantity,
    (4 + whole('stall price', n, 20))::decimal(18, 2) as unit_price,
    'GBP' as currency,
    timestamp '2025-09-07 08:00:00' as updated_at,
from range(greatest(40, getvariable('orders') // 50)) as numbers (n);
