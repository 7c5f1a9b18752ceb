{{ ranked_versions('wallet_estimates') }}
