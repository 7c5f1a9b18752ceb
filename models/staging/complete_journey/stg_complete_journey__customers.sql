select
    _load_id,
    _line_number,
    household_id as customer_id,
    'person' as customer_type,
    marital_status,
    -- 5+ and 3+ are five and three or more.
    replace(household_size, '+', '') as household_size,
    replace(kids_count, '+', '') as children_count,
    income as income_band,
    home_ownership
from {{ source('complete_journey', 'customers') }}
