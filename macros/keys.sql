{# The row of dim_customers that keeps sales without a customer, so that totals tie. Never scored. #}
{% macro unattributed_key() -%}
    cast(-1 as bigint)
{%- endmacro %}

{# The product that a system's code names. #}
{% macro product_key(system, product_id) -%}
    case
        when {{ product_id }} is null then {{ unknown_product_key() }}
        else {{ surrogate_key([system, product_id]) }}
    end
{%- endmacro %}

{# The row of dim_products that keeps lines without a product. #}
{% macro unknown_product_key() -%}
    cast(-1 as bigint)
{%- endmacro %}
