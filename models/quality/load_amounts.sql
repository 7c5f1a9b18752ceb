with

judged as (
    select * from {{ ref('transactions_judged') }}
),

run_settings as (
    select * from {{ source('raw', 'run_settings') }}
),

-- The same arithmetic as fct_order_lines, on every row whose amount can be read at all.
amounts as (
    select
        j.load_id,
        j.verdict,
        coalesce(j.currency, r.reporting_currency) as currency,
        round(
            coalesce(
                j.line_amount,
                coalesce(j.quantity, case when j.line_amount < 0 then -1 else 1 end) * j.unit_price
            ) - coalesce(j.discount_amount, 0),
            4
        ) as net_amount
    from judged as j
    cross join run_settings as r
)

select
    load_id,
    currency,
    count(*) as rows_with_amount,
    cast(sum(net_amount) as decimal(38, 4)) as delivered_amount,
    cast(sum(case when verdict = 'accepted' then net_amount else 0 end) as decimal(38, 4))
        as accepted_amount,
    cast(sum(case when verdict = 'quarantined' then net_amount else 0 end) as decimal(38, 4))
        as quarantined_amount,
    cast(sum(case when verdict = 'superseded' then net_amount else 0 end) as decimal(38, 4))
        as superseded_amount
from amounts
where net_amount is not null
group by load_id, currency
