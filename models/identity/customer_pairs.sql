with

scored as (
    select * from {{ ref('int_customer_pairs__scored') }}
)

select
    record_key_l,
    record_key_r,
    model,
    model_version,
    probability,
    match_weight,
    evidence
from scored
where record_key_l < record_key_r
