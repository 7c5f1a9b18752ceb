{{ typed_rows('campaign_offers') }}
