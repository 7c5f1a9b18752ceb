{{ rows_as_delivered('standard', 'campaigns') }}
