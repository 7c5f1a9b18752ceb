with

judged as (
    select * from {{ ref('int_customer_values__judged') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    j.customer_key,
    v.system,
    v.customer_id,
    v.load_id,
    v.source_line_number,
    j.attribute,
    d.customer_type,
    j.reason,
    j.confirmed_on,
    cast({{ days_between('j.confirmed_on', 't.as_of_date') }} as bigint) as age_days,
    j.half_life_days,
    j.is_required
from judged as j
cross join clock as t
inner join customer_record_versions as v
    on j.record_key = v.record_key
    and v.is_current
inner join dim_customers as d
    on j.customer_key = d.customer_key
where j.reason is not null
