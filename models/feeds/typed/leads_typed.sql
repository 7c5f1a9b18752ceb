-- depends_on: {{ ref('currencies') }}
-- depends_on: {{ ref('lead_stages') }}
{{ typed_rows('leads') }}
