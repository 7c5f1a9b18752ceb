{{ rows_as_delivered('standard', 'campaign_contacts') }}
