{{ rows_as_delivered('standard', 'products') }}
