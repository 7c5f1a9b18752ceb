-- The built-in sample: a shop with two channels, 2024-01 to 2026-06, in memory. Reads the variables
-- seed, customers and orders; leaves customer_records, product_records and transaction_lines, each
-- with the file that a row is delivered in. No clock and no random(): every choice is a hash of the
-- seed and of what is chosen, so neither threads nor the order of rows can change a byte.

-- hashed twice: two hashes of one row that differ in the salt alone would differ by a constant
create macro draw(salt, i) as
    (hash(hash(salt, i::bigint, getvariable('seed')::bigint)) >> 11) / 9007199254740992.0;
create macro whole(salt, i, n) as floor(draw(salt, i) * n)::bigint;
create macro one_of(options, salt, i) as options[1 + whole(salt, i, len(options))];
create macro half_year(moment) as (year(moment) - 2024) * 2 + (month(moment) > 6)::int;
create macro file_of(half) as
    format('sample_transactions_{}_h{}.csv', 2024 + half::bigint // 2, 1 + half::bigint % 2);

set variable last_day = 911;  -- 2026-06-30, counted from 2024-01-01

-- PRODUCTS

create table catalogue as
select * from (values
    (0, 'Tea 茶', 'Mountain Gate', 6.5, [
        'Longjing green tea 龙井', 'Tieguanyin oolong 铁观音', 'Aged pu''er 普洱', 'Jasmine pearls',
        'White peony', 'Keemun black'
    ]),
    (1, 'Coffee', 'Harbour Roast', 8.0, [
        'House espresso', 'Yunnan single origin 云南', 'Decaf blend', 'Filter roast',
        'Cold brew bags', 'Green beans'
    ]),
    (2, 'Teaware 茶具', 'Celadon & Co', 18.0, [
        'Gaiwan 盖碗', 'Clay teapot 紫砂壶', 'Glass pitcher', 'Tasting cups', 'Bamboo tray',
        'Travel flask'
    ]),
    (3, 'Kitchen', 'Oak & Iron', 24.0, [
        'Carbon steel wok', 'Chef''s knife, 20 cm', 'Chopping board', 'Bamboo steamer',
        'Cast iron pan', 'Mixing bowls'
    ]),
    (4, 'Biscuits', 'Baker Street', 3.2, [
        'Butter shortbread', 'Ginger thins', 'Almond cookies', 'Sesame crisps 芝麻', 'Oat squares',
        'Mooncakes 月饼'
    ]),
    (5, 'Gifts', 'Red Thread', 29.0, [
        'Tea sampler', 'Festival hamper', 'Gift card sleeve', 'Lantern set', 'Silk wrap',
        'Birthday box'
    ]),
    (6, 'Books', 'Plain Paper', 12.0, [
        'The tea road', 'Wok basics', 'Coffee at home', 'Seasons', 'Pastry notes', 'Ceramics'
    ]),
    (7, 'Linen', 'Loom House', 11.0, [
        'Tea towel', 'Apron', 'Table runner', 'Napkins, set of 4', 'Oven glove', 'Cushion cover'
    ])
) as rows (category_no, category, brand, base_price, items);

create table products as
with sized as (
    select
        category, brand, items, item_no, size_no,
        category_no * 6 + item_no as cost_choice,
        category_no * 12 + size_no * 6 + item_no - 1 as product_no,
        base_price * (1 + size_no) as sized_price,
    from catalogue, range(0, 2) as sizes (size_no), range(1, 7) as positions (item_no)
)

select
    product_no,
    format('{:05d}', 100 + 7 * product_no) as product_id,
    items[item_no] || ['', ', large'][1 + size_no] as product_name,
    category,
    brand,
    (sized_price + item_no * 1.35 - 0.01)::decimal(18, 2) as list_price,
    (sized_price * (45 + whole('cost', cost_choice, 20)) * 0.01)::decimal(18, 2) as unit_cost,
from sized;

-- delivered twice: the second file has dearer purchases and leaves two costs unknown, as sources do
create table product_records as
select
    file, product_id, product_name, category, brand, list_price,
    case
        when product_no % 40 = 39 then null
        when is_second and product_no % 8 = 0 then (unit_cost * 1.08)::decimal(18, 2)
        else unit_cost
    end as unit_cost,
    'GBP' as currency,
    case
        when is_second and product_no % 8 = 0 then '2025-07-01 06:00:00'
        else '2024-01-01 06:00:00'
    end as updated_at,
from
    products,
    (values ('sample_products_1.csv', false), ('sample_products_2.csv', true))
        as files (file, is_second);

-- CUSTOMERS: numbered in the order they registered, so a rule on the number holds for every seed

create table customers as
with numbered as (
    select
        i,
        -- some people register twice, with the same name, address and telephone
        case when i % 40 = 0 then i - 9 else i end as who,
        i * 1580 // getvariable('customers') - 711 as registered_day,
        draw('behaviour', i) as behaviour_draw,
    from range(1, getvariable('customers') + 1) as customer_numbers (i)
)

select
    i,
    who,
    format('{:06d}', 1000 + i) as customer_id,
    date '2024-01-01' + registered_day::int as registered_on,
    greatest(registered_day, 0) as open_day,
    whole('type', who, 100) < 18 as is_organisation,
    whole('language', who, 100) < 35 as is_chinese,
    -- members whom no customer file has: orders alone tell of them
    i % 50 = 0 as is_unlisted,
    case
        when behaviour_draw < 0.34 then 'regular'
        when behaviour_draw < 0.52 then 'slipping'
        when behaviour_draw < 0.76 then 'one_time'
        when behaviour_draw < 0.87 then 'hunter'
        when behaviour_draw < 0.97 or i % 50 = 0 then 'occasional'
        else 'prospect'
    end as behaviour,
from numbered;

create table customer_profiles as
with named as (
    select
        *,
        one_of([
            'Emma', 'Oliver', 'Amelia', 'George', 'Isla', 'Noah', 'Ava', 'Arthur', 'Freya', 'Leo',
            'Grace', 'Oscar', 'Chloé', 'Søren', 'Zoë', 'José'
        ], 'first', who) as first_name,
        one_of([
            'Smith', 'Taylor', 'O''Brien', 'Davies', 'Wilson', 'Clarke', 'Patel', 'Hughes',
            'Müller', 'Baker', 'Walker', 'Singh', 'Murphy', 'Ferguson', 'Evans', 'Okafor'
        ], 'last', who) as last_name,
        one_of([
            '王 wang', '李 li', '张 zhang', '刘 liu', '陈 chen', '杨 yang', '黄 huang', '赵 zhao',
            '吴 wu', '周 zhou', '徐 xu', '孙 sun', '马 ma', '朱 zhu', '欧阳 ouyang', '林 lin'
        ], 'surname', who) as surname,
        one_of([
            '伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '艳', '秀英', '建国', '晓明',
            '雨桐', '子涵', '梓萱', '浩然', '思远'
        ], 'given', who) as given_name,
    from customers
)

select
    i,
    customer_id,
    registered_on,
    case when is_organisation then 'organisation' else 'person' end as customer_type,
    case
        when is_organisation and is_chinese
            then one_of(['上海', '北京', '杭州', '广州', '成都'], 'city', who) || given_name
                || one_of(['贸易有限公司', '餐饮管理有限公司', '酒店有限公司'], 'form', who)
        when is_organisation
            then last_name
                || one_of([' Ltd', ' & Sons', ', Hill & Co', ' Catering Ltd'], 'form', who)
        when is_chinese then split_part(surname, ' ', 1) || given_name
        else first_name || ' ' || last_name
    end as full_name,
    format(
        '{}.{}@example.{}',
        case
            when is_chinese then split_part(surname, ' ', 2)
            else regexp_replace(lower(last_name), '[^a-z]', '', 'g')
        end,
        who,
        one_of(['com', 'org', 'net'], 'domain', who)
    ) as email,
    -- only numbers that nobody has: those kept for drama in the UK, and a Chinese prefix not in use
    case
        when who % 5 = 0 then null
        when is_chinese then format('+86 100 {:04d} {:04d}', who // 10000, who % 10000)
        else [
            '07700 900', '020 7946 0', '0113 496 0', '0114 496 0', '0115 496 0', '0116 496 0'
        ][1 + who // 1000] || format('{:03d}', who % 1000)
    end as phone,
    case
        when is_chinese and whole('country', who, 10) < 6 then 'China'
        when is_chinese or whole('country', who, 10) < 8 then 'United Kingdom'
        else one_of(['Ireland', 'France', 'Germany', 'Netherlands'], 'abroad', who)
    end as country,
from named
where not is_unlisted;

-- the first file holds those known by the end of 2024, the second all, with what changed since
create table customer_records as
with delivered as (
    select 'sample_customers_1.csv' as file, false as has_moved, *
    from customer_profiles
    where registered_on < date '2025-01-01'
    union all
    select 'sample_customers_2.csv', i % 16 = 1 and registered_on < date '2025-01-01', *
    from customer_profiles
)

select
    file, customer_id, customer_type, full_name,
    case
        when has_moved then 'new.' || email
        when i % 40 = 0 then upper(email)
        else email
    end as email,
    phone,
    case when has_moved and i % 32 = 1 then 'Ireland' else country end as country,
    registered_on,
    case
        when has_moved then '2025-11-03 10:00:00'
        else strftime(registered_on, '%Y-%m-%d 09:00:00')
    end as updated_at,
from
    delivered,
    -- one row in two hundred is in the file twice
    range(case when file = 'sample_customers_2.csv' and i % 200 = 3 then 2 else 1 end);

-- ORDERS

create table sales as
select * from (values
    ('JAN24', date '2024-01-02', 12, 20), ('MID24', date '2024-06-12', 7, 15),
    ('1111-24', date '2024-11-08', 4, 25), ('XMAS24', date '2024-11-28', 6, 20),
    ('JAN25', date '2025-01-02', 12, 20), ('MID25', date '2025-06-12', 7, 15),
    ('1111-25', date '2025-11-08', 4, 25), ('XMAS25', date '2025-11-28', 6, 20),
    ('JAN26', date '2026-01-02', 12, 20), ('MID26', date '2026-06-12', 7, 15)
) as rows (promotion_id, starts_on, days, percent);

set variable sale_days = (select list(starts_on - date '2024-01-01' order by starts_on) from sales);
set variable anonymous = greatest(1, getvariable('orders') * 3 // 100);

-- every customer but the prospects orders once; the rest goes by weight, exactly
create table order_counts as
with weighted as (
    select
        *,
        (behaviour <> 'prospect')::bigint as first_orders,
        case
            when behaviour in ('prospect', 'one_time') then 0
            -- a few buy ten times what most do, organisations twice, latecomers less
            else ((1 + 9 * pow(draw('weight', i), 3)) * (1 + is_organisation::int)
                * (getvariable('last_day') + 1 - open_day))::bigint
        end as weight,
    from customers
),

shared as (
    select
        *,
        getvariable('orders') - getvariable('anonymous') - sum(first_orders) over () as left_over,
        sum(weight) over (order by i) as weight_so_far,
        sum(weight) over () as all_weight,
    from weighted
)

select
    * exclude (weight, first_orders, left_over, weight_so_far, all_weight),
    (first_orders + weight_so_far * left_over // all_weight
        - (weight_so_far - weight) * left_over // all_weight)::bigint as orders,
from shared;

create table orders as
with placed as (
    select
        i, customer_id, behaviour, is_organisation, open_day, orders, k,
        getvariable('last_day') + 1 - open_day as span,
        i * 1000003 + k as choice,
    from order_counts, range(orders) as customer_orders (k)
    union all
    select
        0, null, 'occasional', false, 0, getvariable('anonymous'), k,
        getvariable('last_day') + 1, k,
    from range(getvariable('anonymous')) as anonymous_orders (k)
),

on_days as (
    select
        *,
        case behaviour
            when 'regular' then open_day
                + floor((k + 0.6 * draw('phase', i) + 0.4 * draw('day', choice)) * span / orders)
            -- gaps grow, and the last order is months ago
            when 'slipping' then open_day
                + floor(0.7 * span * pow((k + 0.3 * draw('day', choice)) / orders, 1.6))
            when 'hunter' then whole('day', choice, 4)
                + one_of(
                    list_filter(getvariable('sale_days'), lambda day: day >= open_day),
                    'sale',
                    choice
                )
            else open_day + whole('day', choice, span)
        end::int as day,
    from placed
),

in_season as (
    select
        *,
        -- a third of the occasional orders wait for the weeks before Christmas
        case
            when behaviour in ('occasional', 'one_time') and day < 684
                and draw('season', choice) < 0.33
                then greatest(day, if(day < 366, 319, 684) + whole('advent', choice, 34))
            else day
        end as ordered_day,
        case
            when i > 0 and draw('channel', i) < 0.55 and draw('visit', choice) < 0.9 then 'online'
            else 'store'
        end as channel,
    from on_days
),

timed as (
    select
        *,
        (date '2024-01-01' + ordered_day::int)::timestamp
            + to_seconds(
                if(
                    channel = 'online',
                    whole('time', choice, 86400),
                    32400 + whole('time', choice, 30600)
                )
            ) as ordered_at,
    from in_season
)

select
    row_number() over (order by ordered_at, i, k) as order_no,
    i, customer_id, behaviour, is_organisation, ordered_at, channel,
    case channel when 'store' then format('{:03d}', 1 + whole('store', choice, 8)) end as store_id,
from timed;

-- ORDER LINES: quantity and percent off; amounts follow when a line is written

create table order_lines as
with lines as (
    select
        *,
        order_no * 64 + line_number as choice,
        whole('favourite', i, 8) * 12 as favourites_from,
    from
        orders,
        range(
            1,
            2 + whole('lines', order_no, 3) + is_organisation::int + (month(ordered_at) > 10)::int
        ) as positions (line_number)
),

chosen as (
    select
        *,
        case
            when draw('taste', choice) < 0.5 then favourites_from + whole('product', choice, 12)
            else floor(96 * pow(draw('product', choice), 2))
        end::bigint as product_no,
        case
            when draw('units', choice) < 0.68 then 1
            when draw('units', choice) < 0.86 then 2
            else 3
        end * if(is_organisation, 4 + whole('dozens', choice, 9), 1) as quantity,
        -- hunters take every offer, others less than half of them
        behaviour = 'hunter' or draw('offer', order_no) < 0.45 as takes_offers,
        draw('voucher', order_no) < 0.04 as has_voucher,
    from lines
)

select
    chosen.order_no, chosen.line_number, chosen.choice, chosen.customer_id, chosen.ordered_at,
    chosen.channel, chosen.store_id, chosen.quantity,
    products.product_id, products.list_price,
    -- the tills of the shops know no cost
    case chosen.channel when 'online' then products.unit_cost end as unit_cost,
    coalesce(sales.percent, if(chosen.has_voucher, 10, 0)) as percent,
    coalesce(sales.promotion_id, if(chosen.has_voucher, 'VOUCHER10', null)) as promotion_id,
from chosen
inner join products on chosen.product_no = products.product_no
left join sales
    on chosen.takes_offers
    and chosen.ordered_at::date >= sales.starts_on
    and chosen.ordered_at::date < sales.starts_on + sales.days;

create table documents as
select
    format('{:07d}', order_no) as order_id, order_no, line_number, choice, customer_id, ordered_at,
    channel, store_id, product_id, list_price, unit_cost, percent, promotion_id,
    quantity, null as original_order_id, ordered_at + to_minutes(5) as updated_at,
from order_lines
union all
-- every sixteenth order comes back within a month, its first line and half of the others
select
    format('R{:07d}', order_no), order_no, line_number, choice, customer_id, returned_at,
    channel, store_id, product_id, list_price, unit_cost, percent, promotion_id,
    -quantity, format('{:07d}', order_no), returned_at + to_minutes(5),
from (
    select *, ordered_at + to_hours(40 + whole('return', order_no, 600)) as returned_at
    from order_lines
    where order_no % 16 = 7 and (line_number = 1 or draw('return', choice) < 0.5)
) as returned
where returned_at < timestamp '2026-07-01';

-- DELIVERIES: a file per half-year. Each repeats the last orders of the one before: one withdrawn,
-- a third of the others changed, the rest as they were.

create table repeated_orders as
with ended as (
    select
        order_no,
        half_year(ordered_at) as half,
        order_no % 16 = 7 as is_returned,
        row_number() over (partition by half order by order_no desc) as from_end,
        count(*) over (partition by half) as orders,
    from orders
)

select
    *,
    half = 0 and row_number() over (partition by half order by is_returned, from_end desc) = 1
        as is_withdrawn,
from ended
where from_end <= greatest(3, orders * 3 // 100) and half < 4;

create table deliveries as
select
    half_year(documents.ordered_at) as half, documents.*, null as is_deleted,
    repeated.order_no is null and documents.original_order_id is null as may_be_soiled,
from documents
left join repeated_orders as repeated on documents.order_no = repeated.order_no
union all
select
    repeated.half + 1,
    documents.* replace (
        documents.quantity
            + if(repeated.from_end % 3 = 1 and documents.line_number = 1, 1, 0) as quantity,
        case
            when repeated.is_withdrawn or repeated.from_end % 3 = 1
                then date_trunc('day', documents.ordered_at) + to_hours(480)
            else documents.updated_at
        end as updated_at
    ),
    case when repeated.is_withdrawn then true end,
    false,
from documents
inner join repeated_orders as repeated on documents.order_no = repeated.order_no
where documents.original_order_id is null;

-- DIRT: one line in two thousand of each kind, at least one whatever the seed; one future date

set variable dirty_lines = (select greatest(1, count(*) // 2000) from deliveries);

create table dirt as
with picked as (
    select choice, draw('dirt', choice) as pick
    from deliveries
    where may_be_soiled
    order by pick, choice
    limit getvariable('dirty_lines') * 6 + 1
)

select
    choice,
    if(
        row_number() over (order by pick, choice) > getvariable('dirty_lines') * 6,
        'future date',
        [
            'grouped price', 'impossible date', 'no order', 'worded quantity', 'short line',
            'lower currency'
        ][1 + row_number() over (order by pick, choice) % 6]
    ) as kind,
from picked;

create table transaction_lines as
with priced as (
    select
        deliveries.*, dirt.kind,
        -- three for a round sum: the total is exact, the price of one is not
        if(
            abs(quantity) = 3 and percent = 0, sign(quantity) * floor(3 * list_price * 0.95), null
        )::decimal(18, 2) as line_amount,
    from deliveries
    left join dirt on deliveries.choice = dirt.choice and deliveries.may_be_soiled
),

spelt as (
    select
        half, ordered_at, order_id, line_number,
        [
            if(kind = 'no order', null, order_id),
            line_number::varchar,
            customer_id,
            case kind
                when 'impossible date' then '31/02/2025'
                when 'future date' then '2099-05-17 10:00:00'
                else strftime(ordered_at, '%Y-%m-%d %H:%M:%S')
            end,
            product_id,
            if(kind = 'worded quantity', 'x', quantity::varchar),
            if(
                kind = 'grouped price',
                format('"{:,.2f}"', (list_price + 1200)::double),
                coalesce((line_amount / quantity)::decimal(18, 2), list_price)::varchar
            ),
            line_amount::varchar,
            (quantity * list_price * percent * 0.01)::decimal(18, 2)::varchar,
            if(kind = 'lower currency', 'gbp', 'GBP'),
            unit_cost::varchar,
            channel,
            store_id,
            promotion_id,
            original_order_id,
            null,
            strftime(updated_at, '%Y-%m-%d %H:%M:%S'),
            is_deleted::varchar
        ][:if(kind = 'short line', 5, 18)] as fields,
    from priced
)

-- a line is text already: a writer of CSV would mend the short ones
select
    ordered_at, order_id, line_number,
    file_of(half) as file,
    array_to_string(list_transform(fields, lambda field: coalesce(field, '')), ',') as line,
from spelt;
