-- Files that do not depend on how many customers there are.

create view product_records as
select
    delivery, product_id, product_name, category, brand, product_family_id, grade, quality_kind,
    if(is_dearer and delivery = '2', list_price * 1.06, list_price)::decimal(18, 2) as list_price,
    -- sources leave some costs unknown
    case
        when product_no % 40 = 39 then null
        when is_dearer and delivery = '2' then unit_cost * 1.06
        else unit_cost
    end::decimal(18, 2) as unit_cost,
    'GBP' as currency,
    timestamp '2024-01-01 06:00:00'
        + to_days(if(is_dearer and delivery = '2', 547, 0)) as updated_at,
from products, (values ('1'), ('2')) as deliveries (delivery)
union all
select
    delivery, 'POST', 'Postage and packing', 'Carriage', null, null, null, null, 3.95, null, 'GBP',
    timestamp '2024-01-01 06:00:00',
from (values ('1'), ('2')) as deliveries (delivery);

create view product_families as
select
    product_family_id, product_family_name, category, parent_family_id,
    timestamp '2024-01-01 06:00:00' as updated_at,
from families
union all
select format('C{}', category_no), category, category, null, timestamp '2024-01-01 06:00:00',
from categories;

create view campaign_records as
select
    campaign_id, campaign_name, campaign_kind, starts_on,
    starts_on + (days - 1)::int as ends_on,
    (800 + 100 * campaign_no)::decimal(18, 2) as cost_amount,
    'GBP' as currency,
    starts_on - to_days(30) as updated_at,
from campaigns;

create view campaign_offers as
select
    campaigns.campaign_id,
    campaigns.campaign_id as offer_id,
    products.product_id,
    starts_on - to_days(30) as updated_at,
from campaigns, products
where percent > 0 and is_offered(product_no, campaign_no);

-- nobody entered the rates of one Christmas day; instead of nothing somebody wrote 0
create view exchange_rates as
select
    date_on as rate_on,
    currency as from_currency,
    'GBP' as to_currency,
    if(
        date_on = date '2024-12-25',
        0,
        rate * (1 + 0.03 * sin(day / 90.0) + 0.002 * normal('rate', day * 4 + currency_no))
    )::decimal(18, 8) as exchange_rate,
    date_on + to_hours(18) as updated_at,
from calendar, currencies
where currency_no > 0;
