-- Which delivered row each value of a customer comes from, and what decided for it. The values
-- stand elsewhere: some of them identify persons.
with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

customer_versions as (
    select * from {{ ref('customer_versions') }}
),

surviving_values as (
    select * from {{ ref('surviving_values') }}
),

counted as (
    select
        customer_key,
        record_key,
        count(*) over (partition by customer_key) as records
    from customer_links
),

-- Of a customer's only record all values survive: one row says so.
whole as (
    select
        c.customer_key,
        'all' as attribute,
        v.record_key,
        v.version_number,
        'only_record' as decided_by
    from counted as c
    inner join customer_record_versions as v
        on c.record_key = v.record_key
    where c.records = 1
        and v.is_current
        and not v.is_withdrawn
),

merged as (
    select
        s.customer_key,
        s.attribute,
        s.record_key,
        s.version_number,
        s.decided_by
    from surviving_values as s
    inner join customer_versions as c
        on s.customer_key = c.customer_key
        and s.valid_from = c.valid_from
    where c.is_current
),

decided as (
    select * from whole
    union all
    select * from merged
)

select
    d.customer_key,
    d.attribute,
    v.system,
    v.customer_id,
    v.load_id,
    v.source_line_number as line_number,
    d.decided_by as rule
from decided as d
inner join customer_record_versions as v
    on d.record_key = v.record_key
    and d.version_number = v.version_number
