{{ rows_as_delivered('standard', 'surveys') }}
