{{ ranked_versions('campaign_contacts') }}
