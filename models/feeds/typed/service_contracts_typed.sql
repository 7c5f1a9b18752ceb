-- depends_on: {{ ref('currencies') }}
{{ typed_rows('service_contracts') }}
