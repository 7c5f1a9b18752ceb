with

records as (
    select * from {{ ref('customer_record_versions') }}
),

country_words as (
    select * from {{ ref('country_words') }}
),

standing as (
    select *
    from records
    where is_current
        and not is_withdrawn
),

-- Millions of records name a few dozen countries.
named as (
    select distinct country
    from standing
),

countries as (
    select
        country,
        {{ tidy('country') }} as tidy_country
    from named
),

codes as (
    select
        c.country,
        w.country_code
    from countries as c
    inner join country_words as w
        on {{ match_form('c.tidy_country') }} = w.country_word
)

select
    s.record_key,
    s.system,
    s.customer_id,
    s.load_id,
    s.source_line_number,
    s.trust_rank,
    s.parent_customer_id,
    s.organisation_id,
    s.birth_date,
    s.customer_type,
    s.full_name,
    s.given_name,
    s.family_name,
    s.gender,
    s.email,
    s.phone,
    s.mobile,
    s.fax,
    s.address_line,
    s.postal_code,
    s.city,
    s.region,
    s.country,
    c.country_code,
    s.tax_code,
    s.loyalty_card_id
from standing as s
left join codes as c
    on s.country = c.country
