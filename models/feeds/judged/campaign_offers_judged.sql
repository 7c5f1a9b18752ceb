{{ judged_rows('campaign_offers') }}
