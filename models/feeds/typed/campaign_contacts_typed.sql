-- depends_on: {{ ref('currencies') }}
{{ typed_rows('campaign_contacts') }}
