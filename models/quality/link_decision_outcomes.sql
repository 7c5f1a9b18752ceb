with

decisions as (
    select * from {{ ref('link_decisions_standing') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
)

select
    d.load_id,
    d.source_line_number as line_number,
    d.customer_system,
    d.customer_id,
    d.other_system,
    d.other_customer_id,
    d.decided_on,
    d.decision,
    case
        when not d.is_standing then 'overtaken'
        when l.record_key is null or r.record_key is null then 'unknown_record'
        when d.record_key_l = d.record_key_r then 'same_record'
        when d.decision = 'different' or l.customer_key = r.customer_key then 'applied'
        else 'contradicted'
    end as outcome
from decisions as d
left join customer_links as l
    on d.record_key_l = l.record_key
left join customer_links as r
    on d.record_key_r = r.record_key
