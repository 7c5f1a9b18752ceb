-- What is in the orders of one file, the one of the variable file_no.

-- Deliveries overlap: some orders of a period come again with the next one, most as they were, some
-- changed, the first of each period withdrawn.
create table repeats as
with picked as (
    select
        order_no, file_no,
        row_number() over (partition by file_no order by draw('repeat', order_no), order_no) as n,
    from orders
    where
        draw('repeat', order_no) < greatest(0.012, 300.0 / getvariable('orders'))
        and returned_at is null
        and file_no < (select max(file_no) from files)
),

counted as (
    select file_no, greatest(3, count(*) * 0.01) as wanted from orders group by file_no
)

select
    order_no,
    file_no + 1 as file_no,
    case when n = 1 then 'withdrawn' when n % 3 = 2 then 'changed' else 'again' end as happening,
from picked
inner join counted using (file_no)
where n <= wanted;

create view happenings as
select *, 'sale' as happening, ordered_at as happened_at,
from orders
where file_no = getvariable('file_no')
union all
select *, 'return', returned_at,
from orders
where returned_file_no = getvariable('file_no')
union all
select orders.*, repeats.happening, ordered_at,
from orders
inner join repeats on orders.order_no = repeats.order_no
where repeats.file_no = getvariable('file_no');

-- Demand answers the price with the group's elasticity.
create table demands as
select
    price_group_no, percent_off, is_risen,
    pow(if(is_risen, 1.06, 1) * (1 - percent_off * 0.01), -elasticity)::double as factor,
from
    price_groups, (select distinct unnest([0, 10, percent]) as percent_off from campaigns),
    (values (false), (true)) as rises (is_risen);

create table prices as
select
    product_no, currency_no, is_risen, product_id, category, view_minutes, currency,
    (list_price * if(is_risen, 1.06, 1) * price_factor)::decimal(18, 2) as price,
    (unit_cost * if(is_risen, 1.06, 1) * price_factor)::decimal(18, 2) as cost,
    (3.95 * price_factor)::decimal(18, 2) as postage,
from products, currencies, (values (false), (true)) as rises (is_risen);

-- what holds for a whole order
create view baskets as
select
    happenings.*,
    if(happening = 'return', 'R', '') || order_id_of(order_no) as order_id,
    if(i = 0, null, customer_id_of(booked_no)) as customer_id,
    ordered_at >= timestamp '2025-07-01' as is_after_rise,
    is_online and lines > 1 and draw('postage', order_no) < 0.3 as has_postage,
    -- what the basket is about: half of the time what the customer likes best
    if(
        i > 0 and draw('taste', order_no) < 0.5,
        whole('favourite', i, 8),
        floor(8 * pow(draw('theme', order_no), 1.5))::bigint
    ) as theme_no,
    -- the ambitious move up a grade with the months
    if(draw('ambition', i) < 0.4, day_of(ordered_at) // 300, 0) as ambition,
    sale_no is null and draw('voucher', order_no) < 0.04 as has_voucher,
    campaigns.campaign_id, campaigns.percent,
    if(is_online, 'online', 'store') as channel,
    if(is_online, null, format('{:03d}', 1 + whole('store', order_no, 8))) as store_id,
    -- some returns come without the receipt
    if(
        happening = 'return' and draw('receipt', order_no) < 0.85, order_id_of(order_no), null
    ) as original_order_id,
    happened_at + if(happening in ('changed', 'withdrawn'), to_days(20), to_minutes(5))
        as updated_at,
    if(happening = 'withdrawn', true, null) as is_deleted,
    2.4 * if(is_organisation, 5, 1) * if(is_thrifty, 0.5, 1) as usual_units,
from happenings
left join campaigns on happenings.sale_no = campaigns.campaign_no;

create view order_lines as
with positions as (
    select
        *,
        unnest(range(1, lines + 1)) as line_number,
        order_no * 8 + line_number as choice,
        has_postage and line_number = lines as is_postage,
        draw('pair', choice) as pairing,
        whole('shelf', choice, 6) as shelf,
    from baskets
),

chosen as (
    select
        *,
        case
            when line_number = 1 then theme_no
            when pairing < 0.4 then partner_of(theme_no)
            when pairing < 0.6 then theme_no
            else floor((pairing - 0.6) * 20)::bigint
        end as category_no,
        -- two grades of three families, and what the ambition adds
        shelf // 2 * 4 + least(3, shelf % 2 + ambition) as place_no,
        category_no * 12 + if(
            -- hunters take only what is on offer
            is_hunter and not is_offered(place_no, sale_no), (place_no + 1) % 12, place_no
        ) as product_no,
        case
            when is_offered(product_no, sale_no) then percent
            when has_voucher then 10
            else 0
        end as percent_off,
        is_after_rise and product_no % 8 = 0 as is_risen,
    from positions
    where happening <> 'return' or line_number = 1 or draw('back', choice) < 0.5
),

demanded as (
    select
        chosen.*,
        prices.product_id, prices.category, prices.view_minutes, prices.currency, prices.cost,
        if(is_postage, postage, price) as list_price,
        -- rounded up or down by chance, so that the mean is exact
        if(is_postage, 1, greatest(1, floor(
            usual_units * (0.6 + 0.8 * draw('units', choice)) * factor + draw('rounding', choice)
        ))::int + (happening = 'changed' and line_number = 1)::int) as units,
        units * if(happening = 'return', -1, 1) as quantity,
        -- some threes go for a round sum: the total is exact, the price of one is not
        units = 3 and percent_off = 0 and not is_postage and draw('round', choice) < 0.3
            as is_round,
    from chosen
    inner join prices using (product_no, currency_no, is_risen)
    inner join demands using (price_group_no, percent_off, is_risen)
),

valued as (
    select
        *,
        if(
            is_round, sign(quantity) * greatest(1, floor(2.91 * list_price)), null
        )::decimal(18, 2) as line_amount,
        if(
            is_postage or percent_off = 0, 0, quantity * list_price * percent_off * 0.01
        )::decimal(18, 2) as discount_amount,
    from demanded
)

select
    order_no, i, happening, happened_at, is_online, is_organisation, incident_speed, category,
    view_minutes,
    order_id,
    line_number,
    customer_id,
    happened_at as ordered_at,
    if(is_postage, 'POST', product_id) as product_id,
    quantity,
    if(is_round, (line_amount / quantity)::decimal(18, 2), list_price) as unit_price,
    line_amount,
    discount_amount,
    currency,
    -- the tills of the shops know no cost
    if(is_online and not is_postage, cost, null) as unit_cost,
    channel,
    store_id,
    case
        when is_postage or percent_off = 0 then null
        when has_voucher then 'VOUCHER10'
        else campaign_id
    end as promotion_id,
    original_order_id,
    if(is_postage, 'postage', null) as line_kind,
    updated_at,
    is_deleted,
    coalesce(line_amount, quantity * list_price) - discount_amount as net_amount,
from valued;

-- filled anew for each file
set variable file_no = -1;
create temp table file_lines as from order_lines;

create view transactions as
select
    order_id, line_number, customer_id, ordered_at, product_id, quantity, unit_price, line_amount,
    discount_amount, currency, unit_cost, channel, store_id, promotion_id, original_order_id,
    line_kind, updated_at, is_deleted,
from file_lines;

create view payments as
with claims as (
    select
        order_no, i, order_id, customer_id, happening, is_organisation, currency,
        min(happened_at) as ordered_at,
        sum(net_amount)::decimal(18, 2) as amount,
    from file_lines
    where
        happening in ('sale', 'return') and customer_id is not null
        and (is_organisation or draw('cash', order_no) < 0.1)
    group by all
),

due as (
    select
        *,
        ordered_at::date as issued_on,
        if(is_organisation, issued_on + 30, null) as due_on,
        if(
            is_organisation,
            ordered_at + to_hours((24 * (
                26 + whole('early', order_no, 5) + late_days_of(i) * waiting('late', order_no)
            ))::int),
            ordered_at
        ) as settled_at,
    from claims
)

select
    'P' || order_id as payment_id, order_id, customer_id, issued_on, due_on,
    if(settled_at < timestamp '2026-07-01', settled_at, null) as paid_at,
    if(is_organisation, 'bank transfer', one_of(['card', 'cash', 'wallet'], 'method', order_no))
        as method,
    amount,
    -- of what is open three in ten are paid half
    if(paid_at is null and draw('half', order_no) < 0.3, amount / 2, null)::decimal(18, 2)
        as paid_amount,
    currency,
    coalesce(paid_at, ordered_at) as updated_at,
from due;

create view web_events as
with visits as (
    select
        *,
        greatest(
            1, view_minutes * spread('browsing', i, 0.4) * spread('browsing now', order_no, 0.5)
        )::int as minutes,
    from file_lines
    where happening = 'sale' and is_online and line_number = 1
),

events as (
    select
        *,
        unnest(if(
            draw('tracked', order_no) < 0.8,
            ['product_view', 'add_to_cart', 'order'],
            -- the rest is seen by a passer-by who does not sign in
            ['page_view']
        )) as event_kind,
    from visits
)

select
    format('{}-{}', order_no, left(event_kind, 1)) as event_id,
    if(event_kind = 'page_view', null, customer_id) as customer_id,
    if(event_kind = 'page_view', format('x{}', order_no), format('v{}', i)) as visitor_id,
    format('s{}', order_no) as session_id,
    event_kind,
    case event_kind
        when 'product_view' then ordered_at - to_minutes(minutes)
        when 'add_to_cart' then ordered_at - to_seconds(minutes * 15)
        else ordered_at
    end as occurred_at,
    if(event_kind = 'page_view', null, product_id) as product_id,
    if(event_kind = 'page_view', null, category) as category,
    if(event_kind = 'order', order_id, null) as order_id,
    one_of(['search engine', 'direct', 'newsletter', 'friends'], 'referrer', order_no) as referrer,
from events;
