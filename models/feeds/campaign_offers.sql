{{ accepted_rows('campaign_offers') }}
