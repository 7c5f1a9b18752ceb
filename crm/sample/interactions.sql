-- What customers and company say to each other outside a purchase.

-- Contacts that come of the orders of one file: every quality incident is told as a complaint or
-- found by the service itself, some ask, some review.
create view order_interactions as
with occasions as (
    select
        order_no, i, customer_id, order_id, product_id, incident_speed, is_organisation,
        happened_at,
        draw('talk', order_no) as talk,
        whole('opened', order_no, 100) as opened_after_hours,
    from file_lines
    where happening = 'sale' and line_number = 1 and customer_id is not null
),

opened as (
    select
        *,
        happened_at + to_hours(2 + opened_after_hours) as opened_at,
        case
            when incident_speed > 0 then if(talk < 0.7, 'complaint', 'service')
            when talk < 0.01 then 'complaint'
            when talk < 0.04 then 'service'
            when talk < 0.07 then 'inquiry'
            when talk < 0.085 then 'review'
            when talk < 0.09 then 'suggestion'
        end as interaction_kind,
        (case
            when interaction_kind in ('review', 'suggestion') then 0
            when incident_speed = 2 then 1800 + whole('resolved', order_no, 3900)
            when incident_speed = 3 then 9000 + whole('resolved', order_no, 20000)
            else 60 + whole('resolved', order_no, 1300)
        end)::int as minutes_to_resolve,
    from occasions
    where incident_speed > 0 or talk < 0.09
),

worked as (
    select
        *,
        if(minutes_to_resolve = 0, null, opened_at + to_minutes(1 + minutes_to_resolve // 6))
            as replied_at,
        if(minutes_to_resolve = 0, null, opened_at + to_minutes(minutes_to_resolve)) as settled_at,
        -- what was not settled by the end of the history is open
        if(settled_at < timestamp '2026-07-01', settled_at, null) as resolved_at,
    from opened
    where opened_at < timestamp '2026-07-01'
)

select
    format('T{}', order_no) as interaction_id,
    customer_id,
    interaction_kind,
    'inbound' as direction,
    one_of(['phone', 'e-mail', 'chat', 'shop'], 'talk by', order_no) as channel,
    opened_at,
    if(replied_at < timestamp '2026-07-01', replied_at, null) as first_reply_at,
    resolved_at,
    if(
        incident_speed = 3 and draw('reopened', order_no) < 0.3,
        resolved_at + to_hours(24), null
    ) as reopening_at,
    if(reopening_at < timestamp '2026-07-01', reopening_at, null) as reopened_at,
    case
        when incident_speed > 0 then 2 + whole('severity', order_no, 4)
        when interaction_kind = 'complaint' then 1 + whole('severity', order_no, 3)
    end as severity,
    incident_speed > 0 as is_quality_incident,
    product_id,
    order_id,
    case
        when interaction_kind in ('review', 'suggestion') then 2
        else 5 + whole('minutes', order_no, 20) + incident_speed * 15
    end::decimal(18, 1) as handling_minutes,
    if(incident_speed > 0 and draw('voucher', order_no) < 0.4, 8.50, null)::decimal(18, 2)
        as cost_amount,
    if(cost_amount is null, null, 'GBP') as currency,
    case
        when resolved_at is null or draw('asked', order_no) > 0.6 then null
        else [4, 5, 3, 2][1 + incident_speed] - whole('mood', order_no, 2)
    end as satisfaction,
    if(
        draw('rival', order_no) < if(incident_speed = 3, 0.3, 0.05),
        one_of(['Leaf & Bean', 'Tea Palace', '茶百道场'], 'rival name', order_no), null
    ) as rival_mentioned,
    coalesce(reopened_at, resolved_at, opened_at) as updated_at,
from worked;

create view interactions as
select * exclude (reopening_at) from order_interactions;

-- Care that we begin ourselves: organisations are visited or called each quarter or two, some
-- persons are called on their birthday.
create view care_interactions as
with planned as (
    select
        i, is_organisation, registered_day,
        unnest(range(10)) as quarter,
        i * 16 + quarter as visit_no,
        quarter * 91 + whole('visit day', visit_no, 90) as day,
    from batch
    where kind in ('organisation', 'person') and not is_unlisted and (is_organisation or i % 8 = 3)
)

select
    format('C{}', visit_no) as interaction_id,
    customer_id_of(i) as customer_id,
    case when not is_organisation then 'care' when visit_no % 3 = 0 then 'visit' else 'call' end
        as interaction_kind,
    'outbound' as direction,
    if(interaction_kind = 'visit', 'visit', 'phone') as channel,
    at_second(day, 36000 + whole('visit time', visit_no, 20000)) as opened_at,
    opened_at as first_reply_at,
    opened_at + to_minutes(30) as resolved_at,
    null::timestamp as reopened_at,
    null::bigint as severity,
    false as is_quality_incident,
    null as product_id,
    null as order_id,
    (case when interaction_kind = 'visit' then 60 else 12 end
        + whole('visit minutes', visit_no, 30))::decimal(18, 1) as handling_minutes,
    if(interaction_kind = 'visit', 24, null)::decimal(18, 2) as cost_amount,
    if(cost_amount is null, null, 'GBP') as currency,
    null::bigint as satisfaction,
    if(is_organisation and draw('rival', visit_no) < 0.06, 'Leaf & Bean', null) as rival_mentioned,
    resolved_at as updated_at,
from planned
where
    day >= greatest(0, registered_day)
    and draw('visit', visit_no) < if(is_organisation, 0.6, 0.1);
