{{ accepted_rows('wallet_estimates') }}
