-- Merchandise of known customers is in customer_days, the rest in its own rows of the facts: per
-- business unit the money of both ties to fct_order_lines.
with

lines as (
    select
        business_unit,
        count(*) as lines,
        sum(net_amount_reporting) as net_amount_reporting,
        sum(quantity) as quantity
    from {{ ref('fct_order_lines') }}
    where is_merchandise
        and customer_key <> {{ unattributed_key() }}
    group by business_unit
),

days as (
    select
        business_unit,
        sum(lines) as lines,
        sum(net_amount_reporting) as net_amount_reporting,
        sum(quantity) as quantity
    from {{ ref('customer_days') }}
    group by business_unit
)

select
    coalesce(l.business_unit, d.business_unit) as business_unit,
    l.lines as fact_lines,
    d.lines as customer_day_lines
from lines as l
full outer join days as d
    on l.business_unit = d.business_unit
where l.lines is distinct from d.lines
    or l.net_amount_reporting is distinct from d.net_amount_reporting
    or l.quantity is distinct from d.quantity
