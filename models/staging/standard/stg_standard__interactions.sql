{{ rows_as_delivered('standard', 'interactions') }}
