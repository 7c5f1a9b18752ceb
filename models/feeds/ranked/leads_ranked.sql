{{ ranked_versions('leads') }}
