-- depends_on: {{ ref('web_event_kinds') }}
{{ typed_rows('web_events') }}
