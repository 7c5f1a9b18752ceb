with

run_settings as (
    select * from {{ source('raw', 'run_settings') }}
),

typed as (
    {{ amounts_of_feeds('typed') }}
),

judged as (
    {{ amounts_of_feeds('judged') }}
),

delivered as (
    select
        t.load_id,
        coalesce(t.currency, r.reporting_currency) as currency,
        count(t.amount) as rows_with_amount,
        sum(t.amount) as delivered_amount
    from typed as t
    cross join run_settings as r
    group by t.load_id, coalesce(t.currency, r.reporting_currency)
),

by_verdict as (
    select
        j.load_id,
        coalesce(j.currency, r.reporting_currency) as currency,
        sum(case when j.verdict = 'accepted' then j.amount else 0 end) as accepted_amount,
        sum(case when j.verdict = 'quarantined' then j.amount else 0 end) as quarantined_amount,
        sum(case when j.verdict = 'superseded' then j.amount else 0 end) as superseded_amount
    from judged as j
    cross join run_settings as r
    group by j.load_id, coalesce(j.currency, r.reporting_currency)
)

select
    d.load_id,
    d.currency,
    d.rows_with_amount,
    cast(d.delivered_amount as decimal(38, 4)) as delivered_amount,
    cast(v.accepted_amount as decimal(38, 4)) as accepted_amount,
    cast(v.quarantined_amount as decimal(38, 4)) as quarantined_amount,
    cast(v.superseded_amount as decimal(38, 4)) as superseded_amount
from delivered as d
left join by_verdict as v
    on d.load_id = v.load_id
    and d.currency = v.currency
where d.rows_with_amount > 0
