{% set q = adapter.quote %}

select
    _load_id,
    _line_number,
    -- Numbers stand behind an apostrophe, so that a spreadsheet leaves them alone.
    coalesce({{ pseudonym_of(q('Email')) }}, replace({{ q('Customer ID') }}, '''', ''))
        as customer_id,
    {{ q('First Name') }} as given_name,
    {{ q('Last Name') }} as family_name,
    {{ q('Email') }} as email,
    replace(coalesce({{ filled(q('Phone')) }}, {{ q('Default Address Phone') }}), '''', '')
        as phone,
    {{ q('Default Address Address1') }} as address_line,
    replace({{ q('Default Address Zip') }}, '''', '') as postal_code,
    {{ q('Default Address City') }} as city,
    {{ q('Default Address Province Code') }} as region,
    {{ q('Default Address Country Code') }} as country,
    {{ q('Accepts Email Marketing') }} as has_email_consent,
    {{ q('Accepts SMS Marketing') }} as has_sms_consent
from {{ source('shopify', 'customers') }}
