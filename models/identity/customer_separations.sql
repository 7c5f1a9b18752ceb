-- Pairs of records that are never one customer, whatever links them.
with

decisions as (
    select * from {{ ref('link_decisions_standing') }}
),

customer_records as (
    select * from {{ ref('customer_records') }}
),

-- Who says of another that it is above him, or that he acts for it, is not that other.
related as (
    select
        record_key,
        parent_record_key as related_key
    from customer_records
    where parent_record_key is not null
    union all
    select
        record_key,
        organisation_record_key as related_key
    from customer_records
    where organisation_record_key is not null
)

select
    record_key_l,
    record_key_r,
    'listed' as reason
from decisions
where decision = 'different' and is_standing and record_key_l <> record_key_r

union all

select distinct
    least(record_key, related_key) as record_key_l,
    greatest(record_key, related_key) as record_key_r,
    'related' as reason
from related
where record_key <> related_key
