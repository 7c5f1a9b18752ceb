-- Who the customers are and how they are meant to buy. Each number's place in its block of fifty
-- says what kind of record it is, so every kind is there whatever the seed; all else is drawn.

-- three habits of paying: on time, ten days late, forty days late
create macro late_days_of(i) as
    case when draw('punctual', i) < 0.7 then 0 when draw('punctual', i) < 0.9 then 10 else 40 end;

create table people as
with placed as (
    select
        i,
        i % 50 as place,
        i // 50 as block,
        -- two in fifty registered before, nine numbers earlier
        if(i % 50 in (0, 25), i - 9, i) as who,
        -- members of a family share name, house and telephone
        if(i % 50 = 18, i - 1, who) as house,
        case
            when i % 50 in (0, 25) then 'duplicate'
            when i % 50 in (2, 3, 4, 5, 12, 22, 32) then 'organisation'
            when i % 50 in (6, 13, 23, 33) then 'contact'
            else 'person'
        end as kind,
    from range(1, getvariable('customers') + 1) as numbers (i)
),

behaving as (
    select
        *,
        who % 50 in (1, 9, 28, 31, 46) as is_old_customer,
        case
            when kind in ('duplicate', 'contact') then 'none'
            when is_old_customer and draw('behaviour', i) < 0.8 then 'regular'
            when is_old_customer then 'seasonal'
            when draw('behaviour', i) < 0.46 then 'bgnbd'
            when draw('behaviour', i) < 0.62 then 'regular'
            when draw('behaviour', i) < 0.70 then 'seasonal'
            when draw('behaviour', i) < 0.87 then 'one_time'
            when draw('behaviour', i) < 0.95 or place in (7, 16, 41) then 'hunter'
            else 'prospect'
        end as behaviour,
    from placed
),

known as (
    select
        *,
        kind = 'organisation' as is_organisation,
        -- in no customer file: orders alone tell of them
        place = 7 as is_unlisted,
        -- the purchase process of BG/NBD starts when the customer registers, so it must be observed
        case
            when is_old_customer then -1 - whole('joined', i, 700)
            when behaviour = 'bgnbd' then whole('joined', i, 780)
            when kind = 'duplicate'
                then least(900, greatest(0, who * 1580 // getvariable('customers') - 711)
                    + 60 + whole('joined', i, 240))
            else i * 1580 // getvariable('customers') - 711
        end as registered_day,
        whole('language', if(place = 27, i - 1, house), 100) < 35 or place in (22, 32)
            as is_chinese,
    from behaving
),

priced as (
    select
        *,
        greatest(registered_day, 0) as open_day,
        case
            when is_chinese and draw('country', house) < 0.6 or place = 22 then 'China'
            when is_chinese or draw('country', house) < 0.8 then 'United Kingdom'
            else one_of(['Ireland', 'France', 'Germany', 'Netherlands'], 'abroad', house)
        end as country,
        case
            when behaviour = 'hunter' or draw('price', i) < 0.2 then 2
            when draw('price', i) < 0.5 then 0
            else 1
        end as price_group_no,
    from known
),

changing as (
    select
        *,
        case
            when country = 'China' and is_organisation then 2
            when country not in ('China', 'United Kingdom') then 1
            else 0
        end as currency_no,
        -- planted on those who buy steadily and have done so for long
        case
            when behaviour = 'hunter' and registered_day < 500 and draw('bought', i) < 0.5
                then 'stops'
            when behaviour not in ('regular', 'seasonal') or registered_day > 200 then null
            when draw('change', i) < 0.08 then 'spends_less'
            when draw('change', i) < 0.16 then 'stops'
            when behaviour = 'regular' and draw('change', i) < 0.24 then 'slows_down'
            when behaviour = 'regular' and draw('change', i) < 0.30 then 'comes_back'
        end as change_kind,
        -- for the bought ones the offers end with 2025
        if(behaviour = 'hunter', 731, 365 + whole('changed', i, 400)) as change_day,
        -- per day at pace 1; BG/NBD: gamma with shape 3/2 = an exponential + half a squared normal
        case behaviour
            when 'bgnbd' then (waiting('rate', i) + pow(normal('rate more', i), 2) / 2) / 60
            when 'regular' then if(is_organisation, 1.5, 1) / (45 * spread('cadence', i, 0.5))
            when 'seasonal' then 4 * spread('cadence', i, 0.4) / 365
        end as unit_rate,
        -- Beta(1, 8)
        if(behaviour = 'bgnbd', 1 - pow(1 - draw('dropout', i), 1.0 / 8), null) as dropout,
        -- one in four has one quality incident, on this of their orders
        if(
            behaviour in ('regular', 'seasonal', 'one_time', 'hunter')
            and draw('incident', i) < 0.25,
            whole('incident order', i, if(behaviour = 'one_time', 1, 6)),
            null
        ) as incident_k,
        case
            when draw('speed', i) < 0.4 then 1
            when draw('speed', i) < 0.7 then 2
            else 3
        end as incident_speed,
    from priced
)

select
    * exclude (is_old_customer),
    getvariable('days') - open_day as open_days,
    normal('satisfaction', who)
        + case behaviour when 'regular' then 0.4 when 'one_time' then -0.4 else 0 end
        - if(change_kind = 'stops', 0.8, 0) as satisfaction,
    place in (16, 41) and i + 9 <= getvariable('customers') as has_duplicate,
    late_days_of(i) as late_days,
    draw('consent', who) < 0.7 as has_email_consent,
from changing;

-- What follows looks at the customers batch by batch.
create view batch as
select * from people
where i between getvariable('first_customer') and getvariable('last_customer');

-- what was lost of the orders in the 180 days after an incident, by how fast it was resolved
create table incident_effects as
select * from (values (1, 'fast', 24, 0.0), (2, 'medium', 96, 0.25), (3, 'slow', 600, 0.6))
    as rows (speed, speed_name, resolved_within_hours, lost_share);

-- the pace at which so many customers place so many orders: E[orders] for one customer is, for
-- BG/NBD at rate r, dropout p and age t, 1 + (1 - exp(-r p t)) / p
create view expected_orders as
with looked_at as (
    select *, count(*) over () as customers_looked_at
    from people
    where draw('looked at', i) < 5000 / getvariable('customers')
)

select
    pace,
    sum(case behaviour
        when 'bgnbd' then 1 + (1 - exp(-unit_rate * pace * dropout * open_days)) / dropout
        when 'one_time' then 1
        when 'hunter' then open_days / 115
        when 'none' then 0
        when 'prospect' then 0
        -- a tenth is lost to planted changes and incidents
        else 0.9 * (open_days * unit_rate * pace + 0.5)
    end / customers_looked_at) * getvariable('customers') as orders,
from looked_at, (select pow(1.01, step) * 0.02 as pace from range(800) as steps (step))
group by pace;

-- chosen for a campaign; the controls are left alone. Never BG/NBD, so that process stays pure
create view contacts as
select
    batch.*,
    campaigns.campaign_no, campaigns.campaign_id, campaigns.campaign_kind, campaigns.first_day,
    campaigns.days, campaigns.percent,
    i * 16 + campaign_no as contact_no,
    draw('control', contact_no) < 0.3 as is_control,
    not is_control and draw('uplift', contact_no) < uplift as is_won,
    i * 1024 + 1000 + campaign_no as won_order_no,
    first_day + whole('won day', contact_no, campaigns.days) as won_day,
from batch, campaigns
where
    behaviour in ('regular', 'seasonal', 'one_time')
    and change_kind is null
    and has_email_consent
    and not is_unlisted
    and registered_day < first_day
    and draw('chosen', i * 16 + campaign_no) < 0.3;
