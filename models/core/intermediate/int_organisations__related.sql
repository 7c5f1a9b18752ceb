-- Who is an organisation, which parent it has, and what is to be said of that parent.
with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

account_contacts as (
    select * from {{ ref('account_contacts') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

-- A record that tells no type is an organisation's where it has a parent, is one or has contacts.
by_what_is_said as (
    select customer_key
    from dim_customers
    where parent_customer_key is not null
    union
    select parent_customer_key as customer_key
    from dim_customers
    where customer_type <> 'person'
    union
    select organisation_key as customer_key
    from account_contacts
),

-- What the records say of a parent that dim_customers does not have.
naming as (
    select
        l.customer_key,
        max(case when p.customer_key is null then 1 else 0 end) = 1 as names_unknown,
        max(case when p.customer_key = l.customer_key then 1 else 0 end) = 1 as names_itself
    from customer_record_versions as v
    inner join customer_links as l
        on v.record_key = l.record_key
    left join customer_links as p
        on v.system = p.system
        and v.parent_customer_id = p.customer_id
    where v.is_current
        and not v.is_withdrawn
        and v.parent_customer_id is not null
    group by l.customer_key
)

select
    d.customer_key,
    d.parent_customer_key,
    case
        when d.parent_customer_key = d.customer_key then 'itself'
        when d.parent_customer_key is not null and p.customer_key is null then 'unknown'
        when p.customer_type = 'person' then 'person'
        when d.parent_customer_key is not null then 'known'
        when n.names_unknown then 'unknown'
        when n.names_itself then 'itself'
        else 'none'
    end as parent_status
from dim_customers as d
left join by_what_is_said as s
    on d.customer_key = s.customer_key
left join dim_customers as p
    on d.parent_customer_key = p.customer_key
left join naming as n
    on d.customer_key = n.customer_key
where d.customer_type = 'organisation'
    or (d.customer_type = 'unknown' and s.customer_key is not null)
