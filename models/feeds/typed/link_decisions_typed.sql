-- depends_on: {{ ref('currencies') }}
{{ typed_rows('link_decisions') }}
