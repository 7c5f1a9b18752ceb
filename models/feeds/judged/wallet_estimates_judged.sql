{{ judged_rows('wallet_estimates') }}
