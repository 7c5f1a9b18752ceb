{{ ranked_versions('transactions') }}
