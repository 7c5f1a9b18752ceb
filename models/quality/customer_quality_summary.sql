with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

customer_record_quality as (
    select * from {{ ref('customer_record_quality') }}
)

select
    d.system,
    d.customer_type,
    d.customer_status,
    count(*) as customers,
    count(case when d.is_inferred then 1 end) as inferred_customers,
    count(q.completeness_ratio) as rated_customers,
    count(case when q.valid_fields = q.required_fields then 1 end) as complete_customers,
    round(sum(q.valid_fields) / nullif(cast(sum(q.required_fields) as double), 0), 6)
        as completeness_ratio,
    count(q.days_since_verified) as verified_customers,
    count(case when q.staleness_ratio >= 1 then 1 end) as stale_customers,
    cast(sum(q.outdated_values) as bigint) as outdated_values
from customer_record_quality as q
inner join dim_customers as d
    on q.customer_key = d.customer_key
group by d.system, d.customer_type, d.customer_status
