{{ ranked_versions('web_events') }}
