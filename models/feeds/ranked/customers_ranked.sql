{{ ranked_versions('customers') }}
