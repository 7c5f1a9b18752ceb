{% set rates = ref('int_exchange_rates__daily') -%}
{% if before(rates) -%}
select distinct
    d.currency,
    d.rate_on
from (
    {{ differences(rates, ['currency', 'rate_on', 'exchange_rate']) }}
) as d
{%- else -%}
select
    currency,
    rate_on
from {{ rates }}
where false
{%- endif %}
