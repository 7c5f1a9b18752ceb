{{ rows_as_delivered('standard', 'transactions') }}
