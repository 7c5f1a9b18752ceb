{{ ranked_versions('service_contracts') }}
