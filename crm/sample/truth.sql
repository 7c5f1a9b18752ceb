-- What was planted, for whoever wants to measure how much of it is found again. Never delivered.

create view truth_parameters as
select * from (values
    ('bgnbd', 'r', 1.5, 'shape of the gamma of rates'),
    ('bgnbd', 'alpha', 60 / 7.0 / getvariable('pace'), 'weeks; rate of the gamma of rates'),
    ('bgnbd', 'a', 1, 'first parameter of the beta of dropouts'),
    ('bgnbd', 'b', 8, 'second parameter of the beta of dropouts'),
    ('bgnbd', 'share', 0.46, 'of those without a place of their own'),
    ('regular', 'k', 4, 'shape of the Erlang gaps'),
    ('regular', 'median_gap_days', 45 / getvariable('pace'), 'persons; organisations two thirds'),
    ('regular', 'sigma', 0.5, 'of the logarithm of mean gaps'),
    ('seasonal', 'share_in_season', 0.8, 'orders in days 300 to 355 of a year'),
    ('change', 'slow_down_factor', 0.4, 'of the rate'),
    ('change', 'spend_less_factor', 0.5, 'of the quantity'),
    ('change', 'pause_days', 200, 'days'),
    ('anonymous', 'share', 0.03, 'of orders'),
    ('baskets', 'partner_probability', 0.4, 'of lines after the first'),
    ('payments', 'due_days', 30, 'days'),
    ('all', 'pace', getvariable('pace'), 'factor on every rate'),
    ('all', 'seed', getvariable('seed'), '')
) as rows (process, parameter, value, unit);

create view truth_customers as
select
    customer_id_of(i) as customer_id,
    customer_id_of(who) as true_customer_id,
    kind,
    behaviour,
    is_unlisted,
    price_group,
    unit_rate * getvariable('pace') * 7 as weekly_rate,
    dropout as dropout_probability,
    satisfaction,
    late_days,
    registered_day,
    if(incident_k is null, null, incident_speed) as incident_speed,
from people
inner join price_groups using (price_group_no);

create view truth_duplicates as
select
    customer_id_of(i) as customer_id, customer_id_of(who) as true_customer_id, variation,
from profiles where kind = 'duplicate';

create view truth_non_matches as
select
    customer_id_of(i) as customer_id,
    customer_id_of(i - if(place = 29, 10, 1)) as other_customer_id,
    case place
        when 18 then 'family telephone' when 21 then 'role mailbox' when 27 then 'name'
        else 'placeholder telephone'
    end as shared,
from people
where place in (18, 21, 27, 29);

create view truth_hierarchy as
select
    customer_id_of(i) as customer_id,
    customer_id_of(parent) as parent_customer_id,
    customer_id_of(2 + 50 * (block - block % 3)) as ultimate_parent_customer_id,
    if(parent is null, 0, if(place = 2 or block % 3 = 0, 1, 2)) as level,
from profiles where place in (2, 3, 4, 5);

create view truth_tax_codes as
select
    customer_id_of(i) as customer_id,
    tax_code,
    not (place = 32 and block % 2 = 0) as is_valid,
from profiles where is_organisation and is_chinese;

create view truth_customer_changes as
select distinct customer_id, delivery, news, updated_at
from record_deliveries where place in (1, 9, 28, 31, 46);

create view truth_change_points as
select
    customer_id_of(i) as customer_id,
    change_kind as kind,
    on_day(change_day) as changed_on,
    if(change_kind = 'comes_back', on_day(change_day + 200), null) as until_on,
    if(behaviour = 'hunter', 'discounts end', null) as cause,
from people where change_kind is not null;

create view truth_price_sensitivities as
select price_group, -elasticity as elasticity, share from price_groups;

create view truth_campaign_uplifts as
select campaign_id, campaign_kind, starts_on, days, percent, uplift as extra_order_probability
from campaigns;

create view truth_incident_effects as
select speed as incident_speed, speed_name, resolved_within_hours, lost_share, 180 as days
from incident_effects;

create view truth_affinities as
select
    a.category, b.category as partner_category, 0.4 as partner_probability,
    -- any other category comes by the way of the uniform draw alone
    0.4 / 8 as by_chance_probability,
from categories as a inner join categories as b
    on b.category_no = partner_of(a.category_no);

create view truth_selection_times as
select category, view_minutes as median_minutes from categories;

create view truth_wallets as
select customer_id_of(i) as customer_id, wallet_share, our_part as expected_yearly_amount
from wallets;

create view truth_dirt as select * from dirt;
