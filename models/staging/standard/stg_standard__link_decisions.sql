{{ rows_as_delivered('standard', 'link_decisions') }}
