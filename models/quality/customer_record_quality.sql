with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

judged as (
    select * from {{ ref('int_customer_values__judged') }}
),

attributes as (
    select * from {{ ref('customer_attributes') }}
),

settings as (
    select * from {{ ref('customer_quality_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

required as (
    select
        s.customer_type,
        s.half_life_days,
        count(
            case
                when s.customer_type = 'person' and a.required_for_person then 1
                when s.customer_type = 'organisation' and a.required_for_organisation then 1
            end
        ) as required_fields
    from settings as s
    cross join attributes as a
    group by s.customer_type, s.half_life_days
),

-- A field that one of the customer's records has is there.
fields as (
    select
        customer_key,
        attribute,
        max(case when is_required and is_filled then 1 else 0 end) as filled_values,
        max(case when is_required and is_valid then 1 else 0 end) as valid_values,
        count(reason) as outdated_values
    from judged
    group by customer_key, attribute
),

counted as (
    select
        customer_key,
        sum(filled_values) as filled_fields,
        sum(valid_values) as valid_fields,
        sum(outdated_values) as outdated_values
    from fields
    group by customer_key
),

measured as (
    select
        d.customer_key,
        d.system,
        d.customer_type,
        d.last_verified_on,
        q.required_fields,
        case when q.required_fields is not null then coalesce(c.filled_fields, 0) end
            as filled_fields,
        case when q.required_fields is not null then coalesce(c.valid_fields, 0) end
            as valid_fields,
        {{ days_between('d.last_verified_on', 't.as_of_date') }} as days_since_verified,
        q.half_life_days,
        coalesce(c.outdated_values, 0) as outdated_values
    from dim_customers as d
    cross join clock as t
    left join required as q
        on d.customer_type = q.customer_type
    left join counted as c
        on d.customer_key = c.customer_key
    where d.customer_key <> {{ unattributed_key() }}
)

select
    customer_key,
    system,
    customer_type,
    last_verified_on,
    cast(required_fields as bigint) as required_fields,
    cast(filled_fields as bigint) as filled_fields,
    cast(valid_fields as bigint) as valid_fields,
    round(valid_fields / nullif(cast(required_fields as double), 0), 6) as completeness_ratio,
    cast(days_since_verified as bigint) as days_since_verified,
    half_life_days,
    round(days_since_verified / cast(half_life_days as double), 6) as staleness_ratio,
    cast(outdated_values as bigint) as outdated_values
from measured
