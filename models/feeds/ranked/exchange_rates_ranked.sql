{{ ranked_versions('exchange_rates') }}
