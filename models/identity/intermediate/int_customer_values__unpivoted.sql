-- Every value that a version of a merged customer's record has, as text, with the rule by which it
-- may survive. Ids of other records become their keys: an id means nothing without its system.
with

merged as (
    select distinct
        record_key,
        version_number
    from {{ ref('int_customer_records__preferred') }}
),

customer_record_versions as (
    select * from {{ ref('customer_record_versions') }}
),

customer_attributes as (
    select * from {{ ref('customer_attributes') }}
),

versions as (
    select v.*
    from customer_record_versions as v
    inner join merged as m
        on v.record_key = m.record_key
        and v.version_number = m.version_number
),

said as (
    {%- for attribute in customer_attributes() %}
    {%- set name = attribute.name %}
    select
        record_key,
        version_number,
        '{{ name }}' as attribute,
        {%- if name in ('parent_customer_id', 'organisation_id') %}
        cast({{ surrogate_key(['system', name]) }} as string) as said_value
        {%- else %}
        cast({{ name }} as string) as said_value
        {%- endif %}
    from versions
    where {{ name }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    s.record_key,
    s.version_number,
    s.attribute,
    a.survives_with,
    a.survivorship_rule,
    s.said_value
from said as s
inner join customer_attributes as a
    on s.attribute = a.attribute
