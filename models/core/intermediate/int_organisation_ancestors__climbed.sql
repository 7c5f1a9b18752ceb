-- The way up from each organisation, parent by parent, also round and round in a circle.
{%- set levels = hierarchy_levels() %}
with

organisations as (
    select
        customer_key,
        case when parent_status = 'known' then parent_customer_key end as parent_key
    from {{ ref('int_organisations__related') }}
),

climbs as (
    select
        o1.customer_key,
        {%- for level in range(1, levels + 1) %}
        o{{ level }}.parent_key as ancestor_{{ level }}_key{% if not loop.last %},{% endif %}
        {%- endfor %}
    from organisations as o1
    {% for level in range(2, levels + 1) -%}
    left join organisations as o{{ level }}
        on o{{ level - 1 }}.parent_key = o{{ level }}.customer_key
    {% endfor -%}
    where o1.parent_key is not null
),

distances as (
    select 1 as distance
    {%- for level in range(2, levels + 1) %}
    union all
    select {{ level }} as distance
    {%- endfor %}
),

ways as (
    select
        c.customer_key,
        case d.distance
            {%- for level in range(1, levels + 1) %}
            when {{ level }} then c.ancestor_{{ level }}_key
            {%- endfor %}
        end as ancestor_key,
        d.distance
    from climbs as c
    cross join distances as d
)

select
    customer_key,
    ancestor_key,
    distance
from ways
where ancestor_key is not null
