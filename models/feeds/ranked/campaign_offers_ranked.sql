{{ ranked_versions('campaign_offers') }}
