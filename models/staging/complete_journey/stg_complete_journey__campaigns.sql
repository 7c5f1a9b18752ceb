select
    _load_id,
    _line_number,
    campaign_id,
    campaign_type as campaign_kind,
    start_date as starts_on,
    end_date as ends_on
from {{ source('complete_journey', 'campaigns') }}
