-- The values by which records may be found to be one, and whether each may serve as a key.
with

customer_records as (
    select * from {{ ref('customer_records') }}
),

match_rules as (
    select * from {{ ref('match_rules') }}
),

found as (
    select
        record_key,
        'tax_code' as rule,
        clean_tax_code as key_value
    from customer_records
    where clean_tax_code is not null
    union all
    select
        record_key,
        'loyalty_card' as rule,
        loyalty_card_key as key_value
    from customer_records
    where loyalty_card_key is not null
    union all
    select
        record_key,
        'email' as rule,
        clean_email as key_value
    from customer_records
    where clean_email is not null and not is_role_email and not is_placeholder_email
    -- a number with an extension is a switchboard's
    union all
    select
        record_key,
        'phone' as rule,
        phone_e164 as key_value
    from customer_records
    where phone_e164 is not null and name_key is not null and phone_extension is null
    union all
    select
        record_key,
        'phone' as rule,
        mobile_e164 as key_value
    from customer_records
    where mobile_e164 is not null and name_key is not null
        and mobile_e164 <> coalesce(phone_e164, '')
),

-- Records that say the same of who they are have one face; its first record stands for them all.
faced as (
    select
        f.record_key,
        f.rule,
        f.key_value,
        md5(concat_ws(
            '|',
            coalesce(r.customer_type, '~'),
            coalesce(r.name_key, '~'),
            coalesce(r.family_name_key, '~'),
            coalesce(r.han_name, '~'),
            coalesce(cast(r.clean_birth_date as string), '~'),
            coalesce(r.clean_tax_code, '~')
        )) as face
    from found as f
    inner join customer_records as r
        on f.record_key = r.record_key
),

faces as (
    select
        rule,
        key_value,
        face,
        min(record_key) as face_record_key
    from faced
    group by rule, key_value, face
),

counted as (
    select
        rule,
        key_value,
        count(*) as faces
    from faces
    group by rule, key_value
)

select
    d.record_key,
    d.rule,
    d.key_value,
    e.face_record_key,
    c.faces,
    m.strength,
    m.is_on and c.faces <= m.max_faces as is_usable
from faced as d
inner join faces as e
    on d.rule = e.rule
    and d.key_value = e.key_value
    and d.face = e.face
inner join counted as c
    on d.rule = c.rule
    and d.key_value = c.key_value
inner join match_rules as m
    on d.rule = m.rule
