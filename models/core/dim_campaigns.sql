with

campaigns as (
    select * from {{ ref('campaigns') }}
),

campaign_contacts as (
    select * from {{ ref('campaign_contacts') }}
),

campaign_offers as (
    select * from {{ ref('campaign_offers') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates__daily') }}
),

clock as (
    select * from {{ ref('clock') }}
),

ids as (
    select
        system,
        campaign_id
    from campaigns
    union distinct
    select
        system,
        campaign_id
    from campaign_contacts
    union distinct
    select
        system,
        campaign_id
    from campaign_offers
)

select
    i.system,
    i.campaign_id,
    g.starts_on,
    g.ends_on,
    g.campaign_name,
    g.campaign_kind,
    coalesce(g.currency, c.reporting_currency) as currency,
    g.cost_amount,
    {{ in_reporting_currency('g.cost_amount', 'coalesce(g.currency, c.reporting_currency)') }}
        as cost_amount_reporting,
    g.campaign_id is null as is_inferred
from ids as i
cross join clock as c
left join campaigns as g
    on i.system = g.system
    and i.campaign_id = g.campaign_id
left join exchange_rates as x
    on g.currency = x.currency
    and g.starts_on = x.rate_on
