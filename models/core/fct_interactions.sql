with

interactions as (
    select * from {{ ref('interactions') }}
),

interaction_kinds as (
    select * from {{ ref('interaction_kinds') }}
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

known as (
    select
        i.*,
        c.reporting_currency,
        case when i.first_reply_on <= c.as_of_date then i.first_reply_at end as known_reply_at,
        case when i.resolved_on <= c.as_of_date then i.resolved_at end as known_resolved_at,
        case when i.reopened_on <= c.as_of_date then i.reopened_at end as known_reopened_at,
        coalesce(i.resolved_on, i.opened_on) <= c.as_of_date as is_closed_or_open_end
    from interactions as i
    inner join clock as c
        on i.opened_on <= c.as_of_date
)

select
    i.system,
    i.interaction_id,
    i.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    {{ product_key('i.system', 'i.product_id') }} as product_key,
    i.order_id,
    i.opened_on,
    i.opened_at,
    i.known_reply_at as first_reply_at,
    i.known_resolved_at as resolved_at,
    i.known_reopened_at as reopened_at,
    i.interaction_kind,
    i.direction,
    i.channel,
    i.rival_mentioned,
    coalesce(i.currency, i.reporting_currency) as currency,
    i.severity,
    -- Whoever is still waiting has not said yet how content they are.
    case when i.is_closed_or_open_end then i.satisfaction end as satisfaction,
    i.handling_minutes,
    {{ minutes_between('i.opened_at', 'i.known_reply_at') }} as first_reply_minutes,
    {{ minutes_between('i.opened_at', 'i.known_resolved_at') }} as resolution_minutes,
    i.cost_amount,
    {{ in_reporting_currency(
        'i.cost_amount', 'coalesce(i.currency, i.reporting_currency)', clock='i'
    ) }} as cost_amount_reporting,
    k.is_complaint,
    coalesce(i.direction = 'inbound', k.is_own_initiative) as is_own_initiative,
    i.is_quality_incident
from known as i
left join interaction_kinds as k
    on i.interaction_kind = k.interaction_kind
left join customer_links as l
    on i.system = l.system
    and i.customer_id = l.customer_id
left join exchange_rates as x
    on i.currency = x.currency
    and i.opened_on = x.rate_on
