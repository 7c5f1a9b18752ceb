{{ rows_as_delivered('standard', 'leads') }}
