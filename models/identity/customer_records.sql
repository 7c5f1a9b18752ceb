-- The current record of each id, as delivered and cleaned. What cleaning cannot mend is null beside
-- its original.
with

records as (
    select r.*
    from {{ ref('int_customer_records__current') }} as r
    where {{ is_not_held('r', ['record_key', 'load_id', 'source_line_number', 'trust_rank']) }}
),

formed_names as (
    select * from {{ ref('int_customer_names__formed') }}
),

split_names as (
    select * from {{ ref('int_customer_names__split') }}
),

contacts as (
    select * from {{ ref('int_customer_contacts__cleaned') }}
),

legal_forms as (
    select * from {{ ref('legal_forms') }}
),

placeholder_dates as (
    select cast(value as date) as birth_date
    from {{ ref('placeholder_values') }}
    where kind = 'birth_date'
),

phones as (
    select *
    from {{ ref('cleaned_texts') }}
    where kind = 'phone'
),

tax_codes as (
    select *
    from {{ ref('cleaned_texts') }}
    where kind = 'tax_code'
),

surnames as (
    select *
    from {{ ref('cleaned_texts') }}
    where kind = 'han_surname'
),

romanised as (
    select *
    from {{ ref('cleaned_texts') }}
    where kind = 'han_text'
),

names as (
    select
        n.record_key,
        n.customer_type,
        coalesce(s.clean_full_name, n.full_name) as clean_full_name,
        s.clean_given_name,
        s.clean_family_name,
        s.han_text,
        s.han_given,
        s.han_family,
        coalesce(g.value, s.given_words) as given_words,
        coalesce(f.value, s.family_words) as family_words,
        coalesce(w.value, s.full_words) as full_words,
        coalesce(o.value, case when n.customer_type = 'organisation' then n.words end)
            as organisation_words,
        l.legal_form
    from records as r
    inner join formed_names as n
        on r.record_key = n.record_key
    left join split_names as s
        on n.record_key = s.record_key
    left join romanised as g
        on s.han_given = g.written
    left join surnames as f
        on s.han_family = f.written
    left join romanised as w
        on s.han_text = w.written
        and s.han_family is null
    left join romanised as o
        on n.words = o.written
        and n.customer_type = 'organisation'
    left join legal_forms as l
        on n.legal_ending = l.written
        and n.customer_type = 'organisation'
)

select
    r.record_key,
    r.system,
    r.customer_id,
    r.load_id,
    r.source_line_number,
    r.trust_rank,
    {{ named_record_key('r.system', 'r.parent_customer_id') }} as parent_record_key,
    {{ named_record_key('r.system', 'r.organisation_id') }} as organisation_record_key,
    r.birth_date,
    case
        when d.birth_date is null and coalesce(r.customer_type, '') <> 'organisation'
            then r.birth_date
    end as clean_birth_date,
    coalesce(n.customer_type, r.customer_type) as customer_type,
    r.full_name,
    r.given_name,
    r.family_name,
    n.clean_full_name,
    n.clean_given_name,
    n.clean_family_name,
    replace(n.given_words, ' ', '') as given_name_key,
    replace(n.family_words, ' ', '') as family_name_key,
    case when n.han_given is not null then n.han_text end as han_name,
    {{ sorted_words(name_words('n')) }} as name_key,
    n.legal_form,
    r.gender,
    r.email,
    c.clean_email,
    c.email_domain,
    r.phone,
    p.value as phone_e164,
    p.extension as phone_extension,
    r.mobile,
    m.value as mobile_e164,
    r.fax,
    x.value as fax_e164,
    r.address_line,
    coalesce(st.value, c.street_words) as street_key,
    c.house_number,
    r.postal_code,
    c.postal_code_key,
    r.city,
    coalesce(ci.value, c.city_words) as city_key,
    r.region,
    r.country,
    r.country_code,
    r.tax_code,
    case when coalesce(t.is_valid, true) then t.value end as clean_tax_code,
    r.loyalty_card_id,
    {{ capitals_and_digits('r.loyalty_card_id') }} as loyalty_card_key,
    case when r.email is not null then c.is_role_email end as is_role_email,
    case when r.email is not null then c.is_placeholder_email end as is_placeholder_email,
    t.is_valid as is_tax_code_valid
from records as r
left join contacts as c
    on r.record_key = c.record_key
left join names as n
    on r.record_key = n.record_key
left join placeholder_dates as d
    on r.birth_date = d.birth_date
left join phones as p
    on r.phone = p.written
    and coalesce(r.country_code, '') = p.country_code
left join phones as m
    on r.mobile = m.written
    and coalesce(r.country_code, '') = m.country_code
left join phones as x
    on r.fax = x.written
    and coalesce(r.country_code, '') = x.country_code
left join tax_codes as t
    on r.tax_code = t.written
    and coalesce(r.country_code, '') = t.country_code
left join romanised as st
    on c.street_words = st.written
left join romanised as ci
    on c.city_words = ci.written
