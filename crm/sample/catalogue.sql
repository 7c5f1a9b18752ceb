-- What the company sells, in which currencies, and what it does to sell more.

-- the category that is put into the same basket
create macro partner_of(category_no) as [2, 4, 0, 6, 1, 7, 3, 5][1 + category_no];

-- view_minutes: the median time from the first look to the order
create table categories as
select * from (values
    (0, 'Tea 茶', 'experience', 'Mountain Gate', 6.5, 18, ['Green tea', 'Oolong', 'Pu''er 普洱']),
    (1, 'Coffee', 'experience', 'Harbour Roast', 8.0, 12, ['Espresso', 'Filter', 'Decaf']),
    (2, 'Teaware 茶具', 'search', 'Celadon & Co', 18.0, 55, ['Gaiwan 盖碗', 'Teapot 紫砂壶', 'Cups']),
    (3, 'Kitchen', 'search', 'Oak & Iron', 24.0, 80, ['Wok', 'Knife, 20 cm', 'Board']),
    (4, 'Biscuits', 'experience', 'Baker Street', 3.2, 6, ['Shortbread', 'Almond', 'Mooncakes 月饼']),
    (5, 'Gifts', 'search', 'Red Thread', 29.0, 40, ['Sampler', 'Hamper', 'Lanterns']),
    (6, 'Books', 'experience', 'Plain Paper', 12.0, 30, ['The tea road', 'Wok basics', 'Ceramics']),
    (7, 'Wellness 养生', 'credence', 'Quiet Hall', 16.0, 120, ['Ginseng 人参', 'Collagen', 'Herbal'])
) as rows (category_no, category, quality_kind, brand, base_price, view_minutes, families);

create table families as
select
    category_no * 3 + family_no as family_no,
    format('F{:02d}', category_no * 3 + family_no) as product_family_id,
    families[1 + family_no] as product_family_name,
    category_no,
    category,
    format('C{}', category_no) as parent_family_id,
from categories, range(3) as positions (family_no);

create table products as
with graded as (
    select
        categories.*, families.product_family_id, families.product_family_name, grade,
        categories.category_no * 12 + families.family_no % 3 * 4 + grade - 1 as product_no,
        base_price * [1, 1.5, 2.4, 4][grade] * (1 + families.family_no % 3 * 0.1) as price,
    from categories
    inner join families using (category_no), range(1, 5) as grades (grade)
)

select
    product_no,
    format('{:05d}', 100 + 7 * product_no) as product_id,
    product_family_name || ['', ', select', ', reserve', ', grand'][grade] as product_name,
    category_no,
    category,
    brand,
    product_family_id,
    grade,
    quality_kind,
    view_minutes,
    (price - 0.01)::decimal(18, 2) as list_price,
    (price * (45 + whole('cost', product_no // 4, 20)) * 0.01)::decimal(18, 2) as unit_cost,
    -- prices of some rise in the middle of 2025, and so do their costs
    product_no % 8 = 0 as is_dearer,
from graded;

create table currencies as
select * from (values (0, 'GBP', 1.0, 1.0), (1, 'EUR', 1.2, 0.85), (2, 'CNY', 9.2, 0.11))
    as rows (currency_no, currency, price_factor, rate);

create table price_groups as
select * from (values
    (0, 'insensitive', 0.4, 0.3), (1, 'average', 1.2, 0.5), (2, 'sensitive', 2.5, 0.2)
) as rows (price_group_no, price_group, elasticity, share);

-- the public sales take a percentage off two thirds of the products; the rest only writes
create table campaigns as
select
    *,
    day_of(starts_on) as first_day,
    [0.08, 0.12, 0.06, 0.10][1 + campaign_no % 4] as uplift,
from (values
    (0, 'JAN24', 'Winter sale', 'sale', date '2024-01-10', 12, 20),
    (1, 'MID24', 'Midsummer sale', 'sale', date '2024-06-12', 7, 15),
    (2, '1111-24', 'Singles'' day 双十一', 'sale', date '2024-11-08', 4, 25),
    (3, 'XMAS24', 'Christmas sale', 'sale', date '2024-11-28', 6, 20),
    (4, 'JAN25', 'Winter sale', 'sale', date '2025-01-08', 12, 10),
    (5, 'MID25', 'Midsummer sale', 'sale', date '2025-06-12', 7, 30),
    (6, '1111-25', 'Singles'' day 双十一', 'sale', date '2025-11-08', 4, 25),
    (7, 'XMAS25', 'Christmas sale', 'sale', date '2025-11-28', 6, 15),
    (8, 'JAN26', 'Winter sale', 'sale', date '2026-01-07', 12, 20),
    (9, 'MID26', 'Midsummer sale', 'sale', date '2026-06-10', 7, 15),
    (10, 'TASTE24', 'Spring tasting', 'invitation', date '2024-04-10', 14, 0),
    (11, 'MOON24', 'Mid-autumn gift 中秋', 'gift', date '2024-09-05', 12, 0),
    (12, 'TASTE25', 'Spring tasting', 'invitation', date '2025-04-09', 14, 0),
    (13, 'MOON25', 'Mid-autumn gift 中秋', 'gift', date '2025-09-25', 12, 0)
) as rows (campaign_no, campaign_id, campaign_name, campaign_kind, starts_on, days, percent);

create macro is_offered(product_no, campaign_no) as product_no % 3 <> campaign_no % 3;

-- the days of the history, with the sale of that day and the file that it is delivered in: a file
-- per half-year, and per month where there is much
create table calendar as
select
    day::int as day,
    on_day(day) as date_on,
    campaign_no as sale_no,
    case
        when getvariable('is_large') then (year(on_day(day)) - 2024) * 12 + month(on_day(day)) - 1
        else (year(on_day(day)) - 2024) * 2 + (month(on_day(day)) > 6)::int
    end::int as file_no,
from range(getvariable('days')) as days (day)
left join campaigns
    on percent > 0 and day >= first_day and day < first_day + days;

create table files as
select
    file_no,
    if(
        getvariable('is_large'),
        strftime(min(date_on), '%Y_%m'),
        strftime(min(date_on), '%Y') || ['_h1', '_h2'][1 + file_no % 2]
    ) as period,
from calendar group by file_no;
