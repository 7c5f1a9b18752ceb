{{ rows_as_delivered('standard', 'customers') }}
