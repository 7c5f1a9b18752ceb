select
    _load_id,
    _line_number,
    customer_id,
    customer_type,
    full_name,
    email,
    phone,
    country,
    registered_on,
    updated_at,
    is_deleted
from {{ source('standard', 'customers') }}
