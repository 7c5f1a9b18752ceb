-- The stage of every customer at every snapshot: what the rules say, and whether it is confirmed.
-- What silence has shown only a purchase takes back, never a norm that moved. A running maximum of
-- a snapshot's number with what stood there is the latest snapshot that decided, and what it
-- decided.
{% set changed = ref('changed_lifecycle_snapshots') -%}
with

measured as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__measured'), changed, ['snapshot_number']
    ) }}
),

snapshots as (
    select *
    from {{ changed_rows(ref('snapshots'), changed, ['snapshot_number']) }}
),

norms as (
    select * from {{ ref('lifecycle_cadence_norms') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

contracts as (
    select * from {{ ref('int_lifecycle_contracts__ended') }}
),

registrations as (
    select * from {{ ref('customer_registrations') }}
),

customer_starts as (
    select * from {{ ref('customer_starts') }}
),

reasons as (
    select * from {{ ref('lifecycle_reason_labels') }}
),

stages as (
    select * from {{ ref('lifecycle_stage_labels') }}
),

expected as (
    select
        m.*,
        t.unit_number,
        t.is_month_end,
        s.business_unit,
        n.one_time_days,
        c.contract_ended_on,
        round(
            {{ shrunk_gap(
                'n.norm_gap_days',
                '(m.tenure_days - m.recency_days)',
                '(m.occasions - 1)',
                's.shrinkage_gaps'
            ) }},
            6
        ) as expected_gap_days
    from measured as m
    inner join snapshots as t
        on m.snapshot_number = t.snapshot_number
    inner join settings as s
        on t.unit_number = s.unit_number
    inner join norms as n
        on t.business_unit = n.business_unit
        and t.snapshot_on = n.snapshot_on
        and m.customer_type = n.customer_type
        and m.first_category = n.first_category
    left join contracts as c
        on m.snapshot_number = c.snapshot_number
        and m.customer_key = c.customer_key
        and m.last_occasion_on <= c.contract_ended_on
),

buyers as (
    select
        e.unit_number,
        e.customer_key,
        e.snapshot_number,
        e.occasions,
        e.expected_gap_days,
        round(e.recency_days / e.expected_gap_days, 9) as overdue_ratio,
        e.contract_ended_on,
        case when e.recency_days >= s.overdue_ratio * e.expected_gap_days then 1 else 0 end
            as overdue,
        case
            when e.recency_days >= s.ended_overdue_ratio * e.expected_gap_days
                and e.recency_days >= s.window_days
                then 1
            else 0
        end as ended,
        case when e.occasions = 1 and e.tenure_days > e.one_time_days then 1 else 0 end
            as lost_at_once,
        case
            when e.occasions >= s.spend_fall_min_occasions
                and e.tenure_days >= s.window_days + s.half_window_days
                and e.spend_year_before_amount > 0
                and e.spend_recent_amount <= s.spend_fall_ratio * e.spend_year_before_amount
                then 'spend_fell'
            when e.occasions <= s.exploration_max_occasions then 'few_purchases'
            when e.occasions < s.stability_min_occasions then 'too_few_purchases'
            when e.tenure_days < s.stability_min_tenure_days then 'too_young'
            when e.gap_cv <= s.stability_max_gap_cv then 'steady_purchases'
            else 'irregular_purchases'
        end as reason_if_buying,
        e.is_month_end
    from expected as e
    inner join settings as s
        on e.unit_number = s.unit_number
),

looked_at as (
    select
        *,
        cast(null as string) as carried_reason,
        cast(null as integer) as carried_stage_number,
        cast(null as bigint) as carried_entry
    from buyers
    union all
    select
        t.unit_number,
        r.customer_key,
        t.snapshot_number,
        0 as occasions,
        cast(null as double) as expected_gap_days,
        cast(null as double) as overdue_ratio,
        cast(null as date) as contract_ended_on,
        0 as overdue,
        0 as ended,
        0 as lost_at_once,
        'no_purchase_yet' as reason_if_buying,
        t.is_month_end,
        cast(null as string) as carried_reason,
        cast(null as integer) as carried_stage_number,
        cast(null as bigint) as carried_entry
    from registrations as r
    inner join snapshots as t
        on r.business_unit = t.business_unit
        and r.known_on <= t.snapshot_on
    left join customer_starts as f
        on r.business_unit = f.business_unit
        and r.customer_key = f.customer_key
    where f.first_occasion_on is null
        or f.first_occasion_on > t.snapshot_on
    {%- if is_incremental() %}
    -- Where the build before ended, just before what is made anew.
    union all
    select
        k.unit_number,
        k.customer_key,
        k.snapshot_number,
        k.occasions,
        k.expected_gap_days,
        k.overdue_ratio,
        k.contract_ended_on,
        case when k.is_overdue then 1 else 0 end as overdue,
        case when k.is_ended then 1 else 0 end as ended,
        case when k.is_lost_at_once then 1 else 0 end as lost_at_once,
        cast(null as string) as reason_if_buying,
        true as is_month_end,
        k.indicated_reason as carried_reason,
        k.stage_number as carried_stage_number,
        k.entry as carried_entry
    from {{ this }} as k
    where k.snapshot_number in (
        select max(o.snapshot_number)
        from {{ this }} as o
        group by o.unit_number
    )
    {%- endif %}
),

silent as (
    select
        *,
        max(overdue) over in_silence as is_overdue,
        max(ended) over in_silence as is_ended,
        max(lost_at_once) over in_silence as is_lost_at_once
    from looked_at
    window in_silence as (
        partition by unit_number, customer_key, occasions
        order by snapshot_number
        rows between unbounded preceding and current row
    )
),

reasoned as (
    select
        *,
        case
            when carried_reason is not null then carried_reason
            when contract_ended_on is not null then 'contract_ended'
            when is_ended = 1 then 'silent_for_window'
            when occasions > 1 and is_overdue = 1 then 'overdue'
            when occasions = 1 and is_lost_at_once = 1 then 'no_second_purchase'
            else reason_if_buying
        end as indicated_reason
    from silent
),

indicated as (
    select
        r.*,
        s.position as indicated_number,
        s.is_immediate,
        r.occasions > 0
        and (
            greatest(r.is_overdue, r.is_ended, r.is_lost_at_once) = 1
            or s.stage = 'ended'
        ) as is_gone
    from reasoned as r
    inner join reasons as w
        on r.indicated_reason = w.reason
    inner join stages as s
        on w.stage = s.stage
),

compared as (
    select
        *,
        lag(occasions) over in_time as occasions_before,
        lag(is_gone) over in_time as was_gone,
        carried_reason is not null
        or is_immediate
        or coalesce(lag(is_immediate) over in_time, true)
        or (is_month_end and indicated_number = lag(indicated_number) over in_time)
            as is_confirmed
    from indicated
    window in_time as (partition by unit_number, customer_key order by snapshot_number)
),

decided as (
    select
        *,
        max(
            case
                when is_confirmed
                    then cast(snapshot_number as bigint) * 10
                        + coalesce(carried_stage_number, indicated_number)
            end
        ) over (
            partition by unit_number, customer_key
            order by snapshot_number
            rows between unbounded preceding and current row
        ) % 10 as stage_number
    from compared
),

followed as (
    select
        *,
        lag(stage_number) over (
            partition by unit_number, customer_key
            order by snapshot_number
        ) as number_before
    from decided
),

entered as (
    select
        *,
        max(
            case
                when carried_reason is not null then carried_entry
                when number_before is null then cast(snapshot_number as bigint) * 10
                when stage_number <> number_before
                    then cast(snapshot_number as bigint) * 10 + number_before
            end
        ) over (
            partition by unit_number, customer_key
            order by snapshot_number
            rows between unbounded preceding and current row
        ) as entry
    from followed
)

select
    snapshot_number,
    customer_key,
    unit_number,
    occasions,
    cast(indicated_number as integer) as indicated_number,
    cast(stage_number as integer) as stage_number,
    indicated_reason,
    entry,
    expected_gap_days,
    overdue_ratio,
    contract_ended_on,
    is_overdue = 1 as is_overdue,
    is_ended = 1 as is_ended,
    is_lost_at_once = 1 as is_lost_at_once,
    is_gone,
    coalesce(was_gone, false) and occasions > occasions_before as is_reactivated,
    occasions > 0 and coalesce(occasions_before, 0) = 0 as is_new,
    coalesce(occasions_before > 0 and not was_gone, false) as was_current
from entered
where carried_reason is null
