with

campaign_contacts as (
    select * from {{ ref('campaign_contacts') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates__daily') }}
),

clock as (
    select * from {{ ref('clock') }}
),

dated as (
    select
        k.*,
        c.as_of_date,
        c.reporting_currency,
        k.contacted_on is null and k.responded_on is not null as is_response_only,
        case
            when k.contacted_on is null and k.responded_on is not null then null
            else coalesce(k.contacted_on, g.starts_on)
        end as reached_on,
        case when k.responded_on <= c.as_of_date then k.responded_on end as answered_on
    from campaign_contacts as k
    cross join clock as c
    left join campaigns as g
        on k.system = g.system
        and k.campaign_id = g.campaign_id
),

known as (
    select *
    from dated
    where coalesce(reached_on, responded_on, as_of_date) <= as_of_date
),

-- A response that is reported apart belongs to the last contact of its campaign before it.
apart as (
    select
        r.system,
        r.contact_id as response_id,
        r.answered_on,
        k.contact_id,
        row_number() over (
            partition by r.system, r.contact_id
            order by
                case when k.reached_on <= r.answered_on then 0 else 1 end,
                k.reached_on desc nulls last, k.contact_id asc
        ) as nearness
    from known as r
    inner join known as k
        on r.system = k.system
        and r.campaign_id = k.campaign_id
        and r.customer_id = k.customer_id
        and not k.is_response_only
    where r.is_response_only
),

answers as (
    select
        system,
        contact_id,
        min(answered_on) as first_answered_on,
        count(*) as responses
    from apart
    where nearness = 1
    group by system, contact_id
)

select
    k.system,
    k.contact_id,
    k.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    k.campaign_id,
    k.offer_id,
    k.order_id,
    k.reached_on as contacted_on,
    least(k.answered_on, a.first_answered_on) as responded_on,
    k.channel,
    k.offer_kind,
    case
        when k.answered_on is not null or a.contact_id is not null then 'responded'
        when k.responded_on is null then k.response
    end as response,
    coalesce(k.currency, k.reporting_currency) as currency,
    coalesce(a.responses, 0) + case when k.answered_on is not null then 1 else 0 end as responses,
    k.cost_amount,
    {{ in_reporting_currency(
        'k.cost_amount', 'coalesce(k.currency, k.reporting_currency)', clock='k'
    ) }} as cost_amount_reporting,
    coalesce(k.is_control, false) as is_control,
    k.is_response_only
from known as k
left join answers as a
    on k.system = a.system
    and k.contact_id = a.contact_id
left join customer_links as l
    on k.system = l.system
    and k.customer_id = l.customer_id
left join exchange_rates as x
    on k.currency = x.currency
    and coalesce(k.reached_on, k.responded_on) = x.rate_on
