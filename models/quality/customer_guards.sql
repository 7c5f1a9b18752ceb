with

customer_keys as (
    select * from {{ ref('customer_keys') }}
),

customer_records as (
    select * from {{ ref('customer_records') }}
),

match_rules as (
    select * from {{ ref('match_rules') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_edges as (
    select * from {{ ref('customer_edges') }}
),

shared_values as (
    select
        'shared_value' as guard,
        k.rule,
        count(distinct k.key_value) as key_values,
        count(distinct k.record_key) as records
    from customer_keys as k
    inner join match_rules as m
        on k.rule = m.rule
    where k.faces > m.max_faces
    group by k.rule
),

mailboxes as (
    select
        case when is_role_email then 'role_mailbox' else 'placeholder' end as guard,
        'email' as rule,
        count(distinct lower(email)) as key_values,
        count(*) as records
    from customer_records
    where is_role_email or is_placeholder_email
    group by case when is_role_email then 'role_mailbox' else 'placeholder' end
),

cut_edges as (
    select
        'too_many_or_apart' as guard,
        e.rule,
        count(distinct e.key_value) as key_values,
        count(distinct e.record_key_l) as records
    from customer_edges as e
    inner join customer_links as l
        on e.record_key_l = l.record_key
    inner join customer_links as r
        on e.record_key_r = r.record_key
    where l.customer_key <> r.customer_key
    group by e.rule
)

select
    guard,
    rule,
    key_values,
    records
from shared_values

union all

select
    guard,
    rule,
    key_values,
    records
from mailboxes

union all

select
    guard,
    rule,
    key_values,
    records
from cut_edges
