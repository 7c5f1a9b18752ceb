with

customer_edges as (
    select * from {{ ref('customer_edges') }}
),

customer_records as (
    select * from {{ ref('dim_customer_records') }}
)

select
    e.record_key_l,
    e.record_key_r,
    e.rule,
    max(l.customer_key) as customer_key_l,
    max(r.customer_key) as customer_key_r,
    -- what a person wrote beside a decision may name somebody: it stays private
    max(case when e.rule <> 'listed' then e.evidence end) as evidence,
    max(e.probability) as probability,
    max(l.customer_key) = max(r.customer_key) as is_used
from customer_edges as e
inner join customer_records as l
    on e.record_key_l = l.record_key
inner join customer_records as r
    on e.record_key_r = r.record_key
group by e.record_key_l, e.record_key_r, e.rule
