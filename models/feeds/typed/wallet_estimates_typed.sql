-- depends_on: {{ ref('currencies') }}
{{ typed_rows('wallet_estimates') }}
