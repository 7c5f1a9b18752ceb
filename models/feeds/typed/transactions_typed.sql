-- depends_on: {{ ref('currencies') }}
-- depends_on: {{ ref('line_kinds') }}
{{ typed_rows('transactions') }}
