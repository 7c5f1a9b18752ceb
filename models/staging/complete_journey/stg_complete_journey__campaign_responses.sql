select
    _load_id,
    _line_number,
    concat_ws('-', 'redemption', campaign_id, household_id, coupon_upc, redemption_date)
        as contact_id,
    campaign_id,
    household_id as customer_id,
    'coupon' as offer_kind,
    coupon_upc as offer_id,
    'responded' as response,
    redemption_date as responded_at
from {{ source('complete_journey', 'campaign_responses') }}
