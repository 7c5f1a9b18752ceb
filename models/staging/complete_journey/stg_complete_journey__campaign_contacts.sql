select
    _load_id,
    _line_number,
    concat_ws('-', 'contact', campaign_id, household_id) as contact_id,
    campaign_id,
    household_id as customer_id
from {{ source('complete_journey', 'campaign_contacts') }}
