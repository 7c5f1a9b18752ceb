with

campaign_offers as (
    select * from {{ ref('campaign_offers') }}
)

select
    o.system,
    o.campaign_id,
    o.offer_id,
    {{ product_key('o.system', 'o.product_id') }} as product_key
from campaign_offers as o
