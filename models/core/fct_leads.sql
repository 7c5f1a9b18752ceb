with

leads as (
    select * from {{ ref('leads') }}
),

lead_stages as (
    select * from {{ ref('lead_stages') }}
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
        d.*,
        c.reporting_currency,
        coalesce(d.stage_changed_on, d.created_on) <= c.as_of_date as is_stage_known
    from leads as d
    inner join clock as c
        on d.created_on <= c.as_of_date
)

select
    d.system,
    d.lead_id,
    d.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    d.created_on,
    case when d.is_stage_known then d.stage_changed_on end as stage_changed_on,
    g.lead_stage,
    d.source_channel,
    case when d.is_stage_known then d.lost_reason end as lost_reason,
    coalesce(d.currency, d.reporting_currency) as currency,
    d.fit_score,
    d.expected_amount,
    {{ in_reporting_currency(
        'd.expected_amount', 'coalesce(d.currency, d.reporting_currency)', clock='d'
    ) }} as expected_amount_reporting,
    d.acquisition_cost,
    {{ in_reporting_currency(
        'd.acquisition_cost', 'coalesce(d.currency, d.reporting_currency)', clock='d'
    ) }} as acquisition_cost_reporting,
    g.is_open,
    g.is_won
from known as d
left join lead_stages as g
    on d.lead_stage = g.lead_stage
    and d.is_stage_known
left join customer_links as l
    on d.system = l.system
    and d.customer_id = l.customer_id
left join exchange_rates as x
    on d.currency = x.currency
    and d.created_on = x.rate_on
