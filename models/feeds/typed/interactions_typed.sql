-- depends_on: {{ ref('currencies') }}
-- depends_on: {{ ref('interaction_kinds') }}
{{ typed_rows('interactions') }}
