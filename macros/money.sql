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

{# The rows of every feed whose contract names an amount, with that amount: of the step `typed` (every
   delivered row) or `judged` (the same with its verdict). #}
{% macro amounts_of_feeds(step) -%}
    {%- set queries = [] -%}
    {%- for feed in all_feeds() -%}
        {%- set rows = ref(feed ~ '_' ~ step) -%}
        {%- set amount = feed_contract(feed).meta.amount -%}
        {%- if amount -%}
            {%- do queries.append(
                'select r.load_id, r.currency, '
                ~ (net_amount('r') if amount == 'net_amount' else 'r.' ~ amount) ~ ' as amount'
                ~ (', r.verdict' if step == 'judged' else '')
                ~ ' from ' ~ rows ~ ' as r'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ queries | join('\n    union all\n    ') }}
{%- endmacro %}

{# An amount in the reporting currency at a day's rate; null where the rate is not known. `rates` is
   int_exchange_rates__daily, joined by currency and day. #}
{% macro in_reporting_currency(amount, currency, clock='c', rates='x') -%}
    case
        when {{ currency }} = {{ clock }}.reporting_currency then {{ amount }}
        else cast(round({{ amount }} * {{ rates }}.exchange_rate, 4) as decimal(18, 4))
    end
{%- endmacro %}
