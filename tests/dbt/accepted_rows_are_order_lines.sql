-- Every accepted order line up to the as-of date is in fct_order_lines once, and nothing else is;
-- the money of each currency ties to the last digit.
with

accepted as (
    select
        coalesce(t.currency, c.reporting_currency) as currency,
        count(*) as lines,
        sum({{ net_amount('t') }}) as net_amount
    from {{ ref('transactions') }} as t
    cross join {{ ref('clock') }} as c
    where t.ordered_on <= c.as_of_date
    group by coalesce(t.currency, c.reporting_currency)
),

facts as (
    select
        currency,
        count(*) as lines,
        sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    group by currency
)

select
    coalesce(a.currency, f.currency) as currency,
    a.lines as accepted_lines,
    f.lines as fact_lines,
    a.net_amount as accepted_amount,
    f.net_amount as fact_amount
from accepted as a
full outer join facts as f
    on a.currency = f.currency
where a.lines is distinct from f.lines
    or a.net_amount is distinct from f.net_amount
