select
    _load_id,
    _line_number,
    coalesce(
        {{ pseudonym_of('billing_email') }}, {{ pseudonym_of('email') }}, nullif(customer_id, '0')
    ) as customer_id,
    first_name as given_name,
    last_name as family_name,
    coalesce({{ filled('email') }}, billing_email) as email,
    billing_phone as phone,
    billing_address_1 as address_line,
    billing_postcode as postal_code,
    billing_city as city,
    billing_state as region,
    billing_country as country,
    -- The contract wants a day.
    substr(date_registered, 1, 10) as registered_on
from {{ source('woocommerce', 'customers') }}
