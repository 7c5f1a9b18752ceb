{{ rows_as_delivered('standard', 'payments') }}
