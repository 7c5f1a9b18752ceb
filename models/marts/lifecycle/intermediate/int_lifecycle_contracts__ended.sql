-- Who renews has another contract that has not ended.
with

contracts as (
    select * from {{ ref('int_lifecycle_contracts__dated') }}
),

snapshots as (
    select *
    from {{ changed_rows(
        ref('snapshots'), ref('changed_lifecycle_snapshots'), ['snapshot_number']
    ) }}
)

select
    s.snapshot_number,
    c.customer_key,
    max(c.ended_on) as contract_ended_on
from contracts as c
inner join snapshots as s
    on c.business_unit = s.business_unit
    and c.starts_on <= s.snapshot_on
group by s.snapshot_number, c.customer_key
having max(case when c.ended_on is null or c.ended_on >= s.snapshot_on then 1 else 0 end) = 0
