-- depends_on: {{ ref('currencies') }}
{{ typed_rows('exchange_rates') }}
