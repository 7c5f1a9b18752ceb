{% set days = ref('customer_days') -%}
{% set customers = ref('changed_customers') -%}
{% if before(days) -%}
select distinct
    d.business_unit,
    d.customer_key,
    d.ordered_on
from (
    {{ differences(
        days,
        adapter.get_columns_in_relation(days) | map(attribute='name') | list,
        customers,
        ['customer_key']
    ) }}
) as d
{%- else -%}
select
    business_unit,
    customer_key,
    ordered_on
from {{ days }}
where false
{%- endif %}
