-- Customers whose newest lead ended in a refusal, or was lost for a reason that was told.
with

leads as (
    select * from {{ ref('fct_leads') }}
),

lead_stages as (
    select * from {{ ref('lead_stages') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_key
            order by created_on desc, stage_changed_on desc nulls last, system asc, lead_id asc
        ) as newest_first
    from leads
    where customer_key <> {{ unattributed_key() }}
)

select
    r.customer_key,
    coalesce(r.stage_changed_on, r.created_on) as refused_on
from ranked as r
inner join lead_stages as g
    on r.lead_stage = g.lead_stage
where r.newest_first = 1
    and (g.is_refusal or (not g.is_open and not g.is_won and r.lost_reason is not null))
