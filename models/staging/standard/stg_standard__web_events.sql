{{ rows_as_delivered('standard', 'web_events') }}
