{{ rows_as_delivered('standard', 'exchange_rates') }}
