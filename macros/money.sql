{# The net amount of an order line in its own currency: the delivered total, else units times unit price,
   less the discount. Null where neither was delivered. #}
{% macro net_amount(line) -%}
    cast(round(
        coalesce({{ line }}.line_amount, {{ units(line) }} * {{ line }}.unit_price)
        - coalesce({{ line }}.discount_amount, 0),
        4
    ) as decimal(18, 4))
{%- endmacro %}

{# Units of an order line; one, signed like the amount, where the source delivers none. #}
{% macro units(line) -%}
    coalesce({{ line }}.quantity, case when {{ line }}.line_amount < 0 then -1 else 1 end)
{%- endmacro %}
