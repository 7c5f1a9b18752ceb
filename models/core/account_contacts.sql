with

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- Every record of a person counts, not only the one that survives: who pays for one organisation
-- may use what another buys.
named as (
    select
        record_key,
        system,
        organisation_id,
        coalesce(contact_role, 'unknown') as contact_role
    from customer_record_versions
    where is_current
        and not is_withdrawn
        and organisation_id is not null
),

linked as (
    select
        o.customer_key as organisation_key,
        p.customer_key,
        n.contact_role
    from named as n
    cross join clock as t
    inner join customer_links as p
        on n.record_key = p.record_key
    inner join customer_links as o
        on n.system = o.system
        and n.organisation_id = o.customer_id
        and t.as_of_date >= o.first_seen_on
    where o.customer_key <> p.customer_key
)

select
    l.organisation_key,
    l.customer_key,
    l.contact_role,
    count(*) as records,
    max(case when l.organisation_key = p.organisation_key then 1 else 0 end) = 1 as is_primary
from linked as l
inner join dim_customers as o
    on l.organisation_key = o.customer_key
inner join dim_customers as p
    on l.customer_key = p.customer_key
-- Nobody acts for a person, and an organisation is nobody's contact person.
where o.customer_type <> 'person'
    and p.customer_type <> 'organisation'
group by l.organisation_key, l.customer_key, l.contact_role
