-- depends_on: {{ ref('currencies') }}
{{ typed_rows('products') }}
