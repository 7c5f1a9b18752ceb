-- Whose days by category are not what they were: their lines are others, or what they bought stands
-- in another category.
{% set categories = ref('product_categories') -%}
{% set customers = ref('changed_customers') -%}
{% set lines = ref('fct_order_lines') -%}
{% if before(categories) -%}
with

recategorised as (
    {{ differences(categories, ['product_key', 'category']) }}
)

select customer_key
from {{ customers }}
union distinct
select l.customer_key
from {{ lines }} as l
inner join recategorised as r
    on l.product_key = r.product_key
{%- else -%}
select customer_key
from {{ customers }}
where false
{%- endif %}
