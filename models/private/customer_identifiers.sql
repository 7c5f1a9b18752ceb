with

customer_versions as (
    select * from {{ ref('customer_versions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_records as (
    select * from {{ ref('customer_records') }}
),

surviving_values as (
    select * from {{ ref('surviving_values') }}
),

spoken as (
    select *
    from customer_versions
    where is_current
        and not is_inferred
),

only_records as (
    select
        customer_key,
        min(record_key) as record_key
    from customer_links
    group by customer_key
    having count(*) = 1
),

-- The cleaned value is that of the record which gave the original.
givers as (
    select
        s.customer_key,
        max(case when v.attribute like '%_name' then v.record_key end) as name_record_key,
        max(case when v.attribute = 'email' then v.record_key end) as email_record_key,
        max(case when v.attribute = 'phone' then v.record_key end) as phone_record_key,
        max(case when v.attribute = 'mobile' then v.record_key end) as mobile_record_key
    from spoken as s
    inner join surviving_values as v
        on s.customer_key = v.customer_key
        and s.valid_from = v.valid_from
    group by s.customer_key
)

select
    s.customer_key,
    s.full_name,
    s.given_name,
    s.family_name,
    n.clean_full_name,
    s.birth_date,
    s.anniversary_on,
    s.email,
    e.clean_email,
    s.phone,
    p.phone_e164,
    s.mobile,
    m.mobile_e164,
    s.fax,
    s.address_line,
    s.postal_code,
    s.tax_code,
    s.person_in_charge
from spoken as s
left join only_records as o
    on s.customer_key = o.customer_key
left join givers as g
    on s.customer_key = g.customer_key
left join customer_records as n
    on coalesce(o.record_key, g.name_record_key) = n.record_key
left join customer_records as e
    on coalesce(o.record_key, g.email_record_key) = e.record_key
left join customer_records as p
    on coalesce(o.record_key, g.phone_record_key) = p.record_key
left join customer_records as m
    on coalesce(o.record_key, g.mobile_record_key) = m.record_key
