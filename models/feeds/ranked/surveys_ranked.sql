{{ ranked_versions('surveys') }}
