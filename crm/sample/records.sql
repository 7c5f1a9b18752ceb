-- What the customer files say of the customers of one batch, in four deliveries.

-- Only numbers that nobody has: those kept for drama in the UK, London numbers that begin with 0,
-- and a Chinese prefix not in use.
create macro british_number(i) as
    if(
        i < 6000,
        ['7700900', '2079460', '1134960', '1144960', '1154960', '1164960'][1 + i // 1000]
            || lpad((i % 1000)::varchar, 3, '0'),
        '200' || lpad((i % 10000000)::varchar, 7, '0')
    );
create macro as_written(number, is_chinese, i) as
    if(
        is_chinese,
        [
            '+86 ' || number[:3] || ' ' || number[4:7] || ' ' || number[8:], '0086-' || number,
            number, '(+86)' || number, '86 ' || number
        ],
        [
            '0' || number[:4] || ' ' || number[5:], '+44 ' || number[:4] || ' ' || number[5:],
            '0044' || number, '0' || number, '+44 (0)' || number[:4] || '-' || number[5:]
        ]
    )[1 + whole('writing', i, 5)];

-- GB 32100: each of the 17 characters weighs a power of 3 modulo 31. The region 99 is nobody's.
create macro social_credit_code(i) as
    list_transform(
        ['91990000MA' || lpad(((i * 7919) % 10000000)::varchar, 7, '0')],
        lambda stem: stem || '0123456789ABCDEFGHJKLMNPQRTUWXY'[1 + (31 - list_sum(list_transform(
            range(1, 18),
            lambda n: (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', stem[n]) - 1)
                * [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28][n]
        ))::int % 31) % 31]
    )[1];
-- the next character of the alphabet is never the right check digit
create macro with_wrong_check_digit(code) as
    code[:17] || '0123456789ABCDEFGHJKLMNPQRTUWXY'[
        1 + strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', code[18]) % 31
    ];

create view named_people as
select
    *,
    -- place 27 has the name of place 26 and nothing else of theirs
    if(place = 27, who - 1, who) as namesake,
    if(place = 27, who - 1, house) as family_of,
    one_of([
        'Emma', 'Oliver', 'Amelia', 'George', 'Isla', 'Noah', 'Ava', 'Arthur', 'Freya', 'Leo',
        'Grace', 'Oscar', 'Chloé', 'Søren', 'Zoë', 'José', 'Ivy', 'Hugo', 'Nora', 'Theo'
    ], 'first', namesake) as western_given,
    one_of([
        'Smith', 'Taylor', 'O''Brien', 'Davies', 'Wilson', 'Clarke', 'Patel', 'Hughes', 'Müller',
        'Baker', 'Walker', 'Singh', 'Murphy', 'Ferguson', 'Evans', 'Okafor', 'Novak', 'Marsh'
    ], 'last', family_of) as western_family,
    split(one_of([
        '王 Wang', '李 Li', '张 Zhang', '刘 Liu', '陈 Chen', '杨 Yang', '黄 Huang', '赵 Zhao',
        '吴 Wu', '周 Zhou', '徐 Xu', '孙 Sun', '马 Ma', '朱 Zhu', '欧阳 Ouyang', '林 Lin'
    ], 'surname', family_of), ' ') as chinese_family,
    split(one_of([
        '伟 Wei', '芳 Fang', '娜 Na', '敏 Min', '静 Jing', '丽 Li', '强 Qiang', '磊 Lei', '洋 Yang',
        '艳 Yan', '秀英 Xiuying', '建国 Jianguo', '晓明 Xiaoming', '雨桐 Yutong', '子涵 Zihan',
        '梓萱 Zixuan', '浩然 Haoran', '思远 Siyuan'
    ], 'given', namesake), ' ') as chinese_given,
    one_of(['上海', '北京', '杭州', '广州', '成都'], 'city', house) as chinese_city,
    one_of(['London', 'Leeds', 'Bristol', 'Glasgow', 'Cardiff'], 'city', house) as british_city,
    if(is_chinese and draw('romanised', namesake) < 0.3, 2, 1) as script,
    case kind
        when 'duplicate' then [
            'typo', 'new e-mail', 'new telephone', 'swapped name', 'moved house', 'initial'
        ][1 + i // 25 % 6]
    end as variation,
from batch;

create view profiles as
with named as (
    select
        *,
        if(is_chinese, chinese_given[script], western_given) as given,
        if(is_chinese, chinese_family[script], western_family) as family,
    from named_people
),

spelt as (
    select
        *,
        case variation
            when 'typo' then family[1] || family[3] || family[2] || family[4:]
            else family
        end as spelt_family,
        if(variation = 'initial', given[1] || '.', given) as spelt_given,
        regexp_replace(
            lower(if(is_chinese, chinese_family[2], western_family)), '[^a-z]', '', 'g'
        ) as mail_name,
        if(is_chinese, '100' || lpad(house::varchar, 8, '0'), british_number(house)) as number,
    from named
)

select
    i, who, place, block, kind, behaviour, registered_day, is_organisation, is_chinese, variation,
    open_day, currency_no, has_email_consent, house,
    if(is_organisation, 'organisation', 'person') as customer_type,
    case
        when is_organisation and is_chinese
            then chinese_city || chinese_given[1]
                || one_of(['贸易有限公司', '餐饮管理有限公司', '酒店有限公司'], 'form', i)
        when is_organisation and country = 'Germany' then western_family || ' Feinkost GmbH'
        when is_organisation
            then western_family || one_of([' Ltd', ' & Sons', ', Hill & Co', ' plc'], 'form', i)
        when is_chinese and script = 1 then spelt_family || spelt_given
        when is_chinese and variation = 'swapped name' then spelt_given || ' ' || spelt_family
        when is_chinese or variation = 'swapped name' then spelt_family || ' ' || spelt_given
        else spelt_given || ' ' || spelt_family
    end as full_name,
    if(is_organisation or i % 3 = 0, null, spelt_given) as given_name,
    if(is_organisation or i % 3 = 0, null, spelt_family) as family_name,
    if(is_organisation or i % 5 = 4, null, one_of(['female', 'male'], 'gender', who)) as gender,
    case
        when is_organisation or who % 7 = 6 then null
        when place = 26 then date '1992-02-29'
        else date '1945-01-01' + whole('born', who, 22000)::int
    end as birth_date,
    if(is_organisation or draw('occupation', who) > 0.4, null, one_of(
        ['teacher', 'engineer', 'nurse', 'retired', 'student', 'cook'], 'occupation is', who
    )) as occupation,
    if(is_organisation or draw('household', who) > 0.5, null, 1 + whole('household of', who, 5))
        as household_size,
    if(is_organisation or draw('income', who) > 0.3, null, one_of(
        ['under 20k', '20-40k', '40-60k', 'over 60k'], 'income is', who
    )) as income_band,
    case
        when is_organisation then date '1990-06-01' + whole('founded', who, 10000)::int
        when who % 10 = 2 then date '2000-05-01' + whole('married', who, 8000)::int
    end as anniversary_on,
    case
        -- mailboxes of a role, and what people write who must write something
        when place in (20, 21) then format('info@shop{}.example.org', block)
        when place = 24 then 'n/a@example.com'
        when is_organisation then format('office@{}{}.example.com', mail_name, i)
        when variation in ('new e-mail', 'initial') then format('{}.{}@example.org', mail_name, i)
        when variation = 'typo' then upper(format('{}.{}@example.com', mail_name, who))
        else format('{}.{}@example.com', mail_name, who)
    end as email,
    case
        when place in (19, 29) then '123456789'
        when place = 24 then '00000000000'
        when variation = 'new telephone'
            then as_written('201' || lpad(i::varchar, 7, '0'), false, i)
        when who % 5 = 0 then null
        else as_written(number, is_chinese, i)
    end as phone,
    if(kind = 'contact', as_written('200' || lpad(i::varchar, 7, '0'), false, i), null) as mobile,
    if(variation = 'moved house', i, house) as home,
    case
        when country = 'China' then format('{}路{}号', chinese_given[1], 1 + whole('door', home, 300))
        else format(
            '{} {} {}', 1 + whole('door', home, 200),
            one_of(['Mill', 'Church', 'Station', 'Victoria'], 'street', home),
            one_of(['Road', 'Lane', 'Street'], 'street is', home)
        )
    end as address_line,
    if(
        country = 'China', format('{:06d}', 100 + whole('post', home, 99000)),
        format('ZZ{} {}AA', 1 + whole('post', home, 90), whole('post more', home, 10))
    ) as postal_code,
    if(country = 'China', chinese_city, british_city) as city,
    country,
    case
        when not is_organisation then null
        when not is_chinese then format('GB000{:06d}', i % 1000000)
        when place = 32 and block % 2 = 0 then with_wrong_check_digit(social_credit_code(i))
        else social_credit_code(i)
    end as tax_code,
    if(is_organisation, one_of(['hotel', 'restaurant', 'retail', 'office'], 'industry', i), null)
        as industry,
    if(is_organisation, 5 + floor(pow(draw('employees', i), 3) * 800)::bigint, null) as employees,
    -- the first organisation of every third block owns those of the next two, each of these
    -- and itself three more
    case
        when place in (3, 4, 5) then i - place + 2
        when place = 2 and block % 3 > 0 then i - 50 * (block % 3)
    end as parent,
    case place when 6 then i - 4 when 13 then i - 1 when 23 then i - 1 when 33 then i - 1 end
        as acts_for,
    case place
        when 6 then 'payer' when 13 then 'buyer' when 23 then 'user' when 33 then 'contact'
    end as contact_role,
    one_of(['shop', 'website', 'fair', 'recommendation'], 'source', i) as source_channel,
    if(kind in ('person', 'duplicate') and who % 2 = 0, format('M{:08d}', who * 17), null)
        as loyalty_card_id,
    if(is_chinese, 'zh', 'en') as language,
    if(is_organisation, 30, null) as credit_days,
    if(loyalty_card_id is null, null, whole('points', i, 5000)) as points_balance,
    if(who % 7 = 5, null, draw('sms', who) < 0.4) as has_sms_consent,
    draw('calls', who) < 0.5 as has_phone_consent,
    draw('post', who) < 0.8 as has_post_consent,
    on_day(registered_day) as registered_on,
from spelt
where place <> 7;

-- The file of 2024 has those who registered by then. That of 2025 has the new ones, changed records
-- and withdrawn ones; that of 2026 the new ones and some of the withdrawn, who came back. The last
-- one to arrive was made before the second: some of what it says is overtaken already.
create view record_deliveries as
with deliveries as (
    select '2024' as delivery, 'new' as news, registered_day as day, * from profiles
    where registered_day < 366
    union all
    select '2025', 'new', registered_day, * from profiles
    where registered_day between 366 and 730
    union all
    select '2025', 'moved', 672, profiles.* from profiles, range(if(i % 100 = 1, 2, 1))
    where place in (1, 31, 46)
    union all
    select '2025', 'withdrawn', 517, * from profiles where place = 28
    union all
    select '2026', 'new', registered_day, * from profiles where registered_day >= 731
    union all
    select '2026', 'back', 771, * from profiles where place = 28 and block % 2 = 0
    union all
    select 'late', 'written earlier', 456, * from profiles where place in (1, 9)
)

select
    delivery, place, news,
    customer_id_of(i) as customer_id,
    customer_type,
    full_name,
    given_name,
    family_name,
    gender,
    birth_date,
    occupation,
    household_size,
    income_band,
    anniversary_on,
    if(news = 'moved', 'new.' || email, email) as email,
    phone,
    mobile,
    case news
        when 'moved' then '7 New Road' when 'written earlier' then '5 Old Lane' else address_line
    end as address_line,
    postal_code,
    if(news = 'moved', 'Dublin', city) as city,
    if(news = 'moved', 'Ireland', country) as country,
    tax_code,
    industry,
    employees,
    customer_id_of(parent) as parent_customer_id,
    customer_id_of(acts_for) as organisation_id,
    contact_role,
    source_channel,
    loyalty_card_id,
    language,
    credit_days,
    points_balance,
    has_email_consent,
    has_sms_consent,
    has_phone_consent,
    has_post_consent,
    registered_on,
    on_day(greatest(registered_day, day - whole('verified', i, 200))) as last_verified_on,
    at_second(day, 32400) as updated_at,
    if(news = 'withdrawn', true, null) as is_deleted,
from deliveries;

-- filled anew for each batch
set variable first_customer = 0;
set variable last_customer = 0;
create table batch_records as select * from record_deliveries;

create view customers as
select * exclude (delivery, place, news) from batch_records
where delivery = getvariable('delivery');
