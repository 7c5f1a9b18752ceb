{{ ranked_versions('payments') }}
