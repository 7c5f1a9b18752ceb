with

service_contracts as (
    select * from {{ ref('fct_service_contracts') }}
)

select
    business_unit,
    customer_key,
    {{ surrogate_key(['system', 'contract_id']) }} as contract_key,
    starts_on,
    coalesce(ended_on, ends_on) as ended_on
from service_contracts
where customer_key <> {{ unattributed_key() }}
