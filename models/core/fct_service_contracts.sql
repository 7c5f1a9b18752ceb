with

service_contracts as (
    select * from {{ ref('service_contracts') }}
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
        case
            when least(k.terminated_on, k.ends_on) < c.as_of_date
                then least(k.terminated_on, k.ends_on)
        end as ended_on
    from service_contracts as k
    inner join clock as c
        on k.starts_on <= c.as_of_date
)

select
    k.system,
    k.contract_id,
    k.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    {{ product_key('k.system', 'k.product_id') }} as product_key,
    k.starts_on,
    k.ends_on,
    k.ended_on,
    k.contract_kind,
    coalesce(k.currency, k.reporting_currency) as currency,
    k.notice_days,
    k.billing_months,
    case
        when k.ended_on is not null then 0
        else {{ days_between('k.as_of_date', 'k.ends_on') }}
    end as remaining_days,
    k.amount,
    {{ in_reporting_currency(
        'k.amount', 'coalesce(k.currency, k.reporting_currency)', clock='k'
    ) }} as amount_reporting,
    k.ended_on is null as is_active
from dated as k
left join customer_links as l
    on k.system = l.system
    and k.customer_id = l.customer_id
left join exchange_rates as x
    on k.currency = x.currency
    and k.starts_on = x.rate_on
