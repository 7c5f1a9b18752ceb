-- Who orders when. Each customer's orders are numbered k = 0, 1, ...; order_no = 1024 × i + k.

-- four fifths of a seasonal year's orders fall into its days 300 to 355
create macro in_season(day) as
    floor(day / 365.25) * 365.25 + case
        when day / 365.25 % 1 < 0.15 then day / 365.25 % 1 / 0.15 * 300
        when day / 365.25 % 1 < 0.95 then 300 + (day / 365.25 % 1 - 0.15) / 0.8 * 55
        else 355 + (day / 365.25 % 1 - 0.95) / 0.05 * 10
    end;

-- days since the start, where from `until` on time passes at 0.4 of its speed or rests 200 days
create macro after_change(elapsed, kind, until) as
    case
        when kind = 'slows_down' and elapsed > until then until + (elapsed - until) / 0.4
        when kind = 'comes_back' and elapsed > until then elapsed + 200
        else elapsed
    end;

create view simulated_orders as
with counted as (
    select
        *,
        unit_rate * getvariable('pace') as rate,
        rate * open_days as awaited,
        case behaviour
            when 'none' then 0
            when 'prospect' then 0
            when 'one_time' then 1
            when 'hunter' then 10
            -- more than any would place; BG/NBD: the dropout after each repeat order is geometric
            when 'bgnbd' then 1 + least(
                awaited + 6 * sqrt(awaited) + 10,
                ceil(waiting('until dropout', i) / -ln(1 - dropout))
            )
            when 'regular' then awaited + 3 * sqrt(awaited) + 6
            when 'seasonal' then awaited + 6 * sqrt(awaited) + 8
        end as candidates,
    from batch
),

candidate_orders as (
    select
        i, behaviour, registered_day, open_day, open_days, rate, change_kind, change_day,
        incident_k, incident_speed, has_duplicate, is_organisation, currency_no, price_group_no,
        unnest(range(least(candidates, 990)::bigint)) as k,
        i * 1024 + k as order_no,
    from counted
    where candidates > 0
),

waited as (
    select
        *,
        case
            when behaviour = 'bgnbd' then if(k = 0, 0, waiting('gap', order_no) / rate)
            -- Erlang-4: four short waits make a steady one
            when behaviour = 'regular' and k > 0 then (
                waiting('gap', order_no) + waiting('gap 2', order_no)
                + waiting('gap 3', order_no) + waiting('gap 4', order_no)
            ) / 4 / rate
            when behaviour = 'seasonal' and k > 0 then waiting('gap', order_no) / rate
            when behaviour in ('regular', 'seasonal') and registered_day < 0
                then draw('phase', i) / rate
            else 0
        end as gap,
    from candidate_orders
),

elapsed as (
    select
        *,
        sum(gap) over (partition by i order by k rows unbounded preceding) as elapsed_days,
    from waited
),

placed as (
    select
        * exclude (gap, elapsed_days),
        case behaviour
            when 'one_time' then open_day + whole('day', i, open_days)
            -- every sale that they see, and nothing else
            when 'hunter' then
                (
                    select list(first_day order by campaign_no) from campaigns where percent > 0
                )[1 + k] + whole('day', order_no, 4)
            when 'seasonal' then in_season(open_day + elapsed_days)
            when 'regular' then open_day + after_change(
                elapsed_days, change_kind, change_day - open_day
            )
            else open_day + elapsed_days
        end as exact_day,
    from elapsed
),

in_history as (
    select
        *,
        floor(exact_day)::bigint as day,
        max(if(k = incident_k, day, null)) over (partition by i) as incident_day,
    from placed
    where
        day >= open_day and day < getvariable('days')
        and (behaviour <> 'hunter' or draw('seen', order_no) < 0.85)
        and (change_kind is null or change_kind <> 'stops' or day < change_day)
)

select
    i, order_no, k, day, behaviour, is_organisation, currency_no, price_group_no, has_duplicate,
    change_kind = 'spends_less' and day >= change_day as is_thrifty,
    if(k = incident_k, incident_speed, 0) as incident_speed,
from in_history
where not (
    behaviour in ('regular', 'seasonal') and k > coalesce(incident_k, 1000)
    and day <= incident_day + 180
    and draw('lost', order_no) < (
        select list(lost_share order by speed) from incident_effects
    )[incident_speed]
)
union all by name
-- the orders that a campaign won
select
    i, won_order_no as order_no, 1000 + campaign_no as k, won_day as day, behaviour,
    is_organisation, currency_no, price_group_no, has_duplicate, false as is_thrifty,
    0 as incident_speed,
from contacts
where is_won and won_day < getvariable('days');

create view anonymous_orders as
select
    0 as i,
    (getvariable('customers') + 1) * 1024 + n as order_no,
    0 as k,
    whole('day', -n - 1, getvariable('days')) as day,
    'anonymous' as behaviour,
    false as is_organisation, 0 as currency_no, 1 as price_group_no, false as has_duplicate,
    false as is_thrifty, 0 as incident_speed,
from range(getvariable('orders') * 3 // 100 + 1) as numbers (n);

-- one batch of the two above at a time; the anonymous come first
create table placed_orders as select * from anonymous_orders;

create view dated_orders as
with timed as (
    select
        orders.* exclude (day),
        calendar.file_no,
        -- hunters and those whom a campaign won take every offer
        if(
            behaviour = 'hunter' or k >= 1000 or draw('offer', order_no) < 0.5, sale_no, null
        ) as sale_no,
        i > 0 and draw('channel', i) < 0.55 and draw('visit', order_no) < 0.9 as is_online,
        at_second(
            orders.day,
            if(is_online, whole('time', order_no, 86400), 32400 + whole('time', order_no, 30600))
        ) as ordered_at,
        least(
            6,
            1 + whole('lines', order_no, 4) + is_organisation::int
            + (month(on_day(orders.day)) > 10 and draw('season', order_no) < 0.5)::int
        )::tinyint as lines,
        if(
            draw('return', order_no) < if(incident_speed > 0, 0.4, 0.05),
            ordered_at + to_hours(40 + whole('return after', order_no, 600)),
            null
        ) as back_at,
    from placed_orders as orders
    inner join calendar on orders.day = calendar.day
)

select
    order_no, i, file_no::utinyint as file_no, ordered_at, is_online, lines, is_organisation,
    currency_no::utinyint as currency_no,
    price_group_no::utinyint as price_group_no,
    behaviour = 'hunter' as is_hunter,
    behaviour = 'bgnbd' as is_bgnbd,
    sale_no::utinyint as sale_no,
    is_thrifty,
    incident_speed::utinyint as incident_speed,
    if(
        has_duplicate and draw('booked', order_no) < 0.4
        and day_of(ordered_at) > greatest(0, i * 1580 // getvariable('customers') - 711) + 300,
        i + 9, i
    ) as booked_no,
    if(back_at < timestamp '2026-07-01', back_at, null) as returned_at,
    (select list(file_no order by day) from calendar)[1 + day_of(returned_at)]::utinyint
        as returned_file_no,
from timed;
