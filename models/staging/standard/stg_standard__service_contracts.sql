{{ rows_as_delivered('standard', 'service_contracts') }}
