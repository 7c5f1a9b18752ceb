with

customers as (
    select * from {{ ref('customers') }}
),

-- Every id that any feed names, and the first day on which it does. What has no day counts from the
-- beginning.
mentions as (
    select
        system,
        customer_id,
        coalesce(registered_on, cast('1900-01-01' as date)) as seen_on
    from customers
    {%- for feed, dated in feeds_naming_customers().items() %}
    union all
    select
        system,
        customer_id,
        min({{ dated }}) as seen_on
    from {{ ref(feed) }}
    where customer_id is not null
    group by system, customer_id
    {%- endfor %}
)

select
    system,
    customer_id,
    {{ surrogate_key(['system', 'customer_id']) }} as record_key,
    min(seen_on) as first_seen_on
from mentions
group by system, customer_id
