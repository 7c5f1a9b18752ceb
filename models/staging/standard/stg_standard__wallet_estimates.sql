{{ rows_as_delivered('standard', 'wallet_estimates') }}
