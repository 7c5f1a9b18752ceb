-- The golden record over time, under the links of today. Who is one record is taken as it stands;
-- only merged customers are put together value by value. Customers first heard of after the as-of
-- date are here too, without attributes: core leaves them out.
with

customer_links as (
    select * from {{ ref('customer_links') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

intervals as (
    select * from {{ ref('int_customer_intervals__cut') }}
),

preferred as (
    select * from {{ ref('int_customer_records__preferred') }}
),

surviving_values as (
    select * from {{ ref('surviving_values') }}
),

counted as (
    select
        customer_key,
        record_key,
        first_seen_on,
        count(*) over (partition by customer_key) as records
    from customer_links
),

spoken as (
    select
        customer_key,
        valid_from
    from preferred
    where preference = 1
),

{% set keys = {
    'parent_customer_id': 'parent_record_key', 'organisation_id': 'organisation_record_key',
} -%}
pivoted as (
    select
        customer_key,
        {%- for attribute in customer_attributes() %}
        max(case when attribute = '{{ attribute.name }}' then said_value end)
            as {{ attribute.name }},
        {%- endfor %}
        valid_from
    from surviving_values
    group by customer_key, valid_from
)

select
    c.customer_key,
    coalesce(v.valid_from, c.first_seen_on) as valid_from,
    v.valid_to,
    {%- for attribute in customer_attributes() %}
    {%- if attribute.name in keys %}
    {{ named_record_key('v.system', 'v.' ~ attribute.name) }} as {{ keys[attribute.name] }},
    {%- else %}
    v.{{ attribute.name }},
    {%- endif %}
    {%- endfor %}
    v.valid_to is null as is_current,
    coalesce(v.is_withdrawn, true) as is_inferred
from counted as c
left join customer_record_versions as v
    on c.record_key = v.record_key
where c.records = 1

union all

select
    i.customer_key,
    i.valid_from,
    i.valid_to,
    {%- for attribute in customer_attributes() %}
    {%- set is_key = attribute.name in keys %}
    cast(p.{{ attribute.name }} as {{ 'bigint' if is_key else attribute.data_type }})
        as {{ keys.get(attribute.name, attribute.name) }},
    {%- endfor %}
    i.valid_to is null as is_current,
    s.customer_key is null as is_inferred
from intervals as i
left join spoken as s
    on i.customer_key = s.customer_key
    and i.valid_from = s.valid_from
left join pivoted as p
    on i.customer_key = p.customer_key
    and i.valid_from = p.valid_from
