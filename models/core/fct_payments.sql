with

payments as (
    select * from {{ ref('payments') }}
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
        p.*,
        coalesce(p.issued_on, least(p.paid_on, p.due_on)) as arose_on
    from payments as p
),

-- What is paid after the as-of date is open on it.
known as (
    select
        d.*,
        c.as_of_date,
        c.reporting_currency,
        coalesce(d.paid_on <= c.as_of_date, false) as is_paid
    from dated as d
    inner join clock as c
        on d.arose_on <= c.as_of_date
),

settled as (
    select
        k.*,
        case when k.is_paid then coalesce(k.paid_amount, k.amount) else 0 end as settled_amount,
        case when k.is_paid then k.paid_on else k.as_of_date end as waited_until
    from known as k
)

select
    s.system,
    s.payment_id,
    s.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    s.order_id,
    s.arose_on as issued_on,
    s.due_on,
    case when s.is_paid then s.paid_on end as paid_on,
    case when s.is_paid then s.paid_at end as paid_at,
    coalesce(s.currency, s.reporting_currency) as currency,
    s.method,
    s.amount,
    {{ in_reporting_currency('s.amount', 'coalesce(s.currency, s.reporting_currency)', clock='s') }}
        as amount_reporting,
    cast(s.settled_amount as decimal(18, 4)) as paid_amount,
    cast(s.amount - s.settled_amount as decimal(18, 4)) as open_amount,
    {{ in_reporting_currency(
        'cast(s.amount - s.settled_amount as decimal(18, 4))',
        'coalesce(s.currency, s.reporting_currency)', clock='s'
    ) }} as open_amount_reporting,
    case
        when s.due_on is not null
            then greatest(0, {{ days_between('s.due_on', 's.waited_until') }})
    end as overdue_days
from settled as s
left join customer_links as l
    on s.system = l.system
    and s.customer_id = l.customer_id
left join exchange_rates as x
    on s.currency = x.currency
    and s.arose_on = x.rate_on
