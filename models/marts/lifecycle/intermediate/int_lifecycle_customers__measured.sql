-- Occasions and money of every buyer at every snapshot, exact to the day for any window. As in RFM:
-- what changes a customer is summed per snapshot at which it does, a running sum gives the states,
-- and only then is each state repeated for the snapshots it lasts.
{% set changed = ref('changed_lifecycle_snapshots') -%}
with

snapshots as (
    select *
    from {{ changed_rows(ref('snapshots'), changed, ['snapshot_number']) }}
),

bounds as (
    select
        unit_number,
        business_unit,
        min(snapshot_number) as first_number,
        max(snapshot_number) as last_number
    from snapshots
    group by unit_number, business_unit
),

counted_dates as (
    select
        d.*,
        b.first_number,
        b.last_number
    from {{ ref('int_lifecycle_days__counted') }} as d
    inner join bounds as b
        on d.unit_number = b.unit_number
        and d.enters_at <= b.last_number
),

occasions as (
    select * from {{ ref('occasions') }}
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

customer_starts as (
    select * from {{ ref('customer_starts') }}
),

-- An open end as a day of its own: a condition that names both sides in one expression would
-- compare every customer with every other.
customers_history as (
    select
        customer_key,
        customer_type,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('dim_customers_history') }}
),

-- What was over before the first of these snapshots is left out; what lasts begins there.
counted_occasions as (
    select
        d.unit_number,
        o.customer_key,
        greatest(d.enters_at, d.first_number) as snapshot_number,
        o.occasion_number,
        o.ordered_on
    from occasions as o
    inner join counted_dates as d
        on o.business_unit = d.business_unit
        and o.ordered_on = d.date_on
    left join counted_dates as n
        on o.business_unit = n.business_unit
        and o.next_on = n.date_on
    where n.enters_at is null
        or n.enters_at > d.first_number
),

counted_days as (
    select
        c.unit_number,
        d.customer_key,
        c.first_number,
        c.last_number,
        c.enters_at,
        c.leaves_half_at,
        c.leaves_year_at,
        c.leaves_year_before_at,
        coalesce(d.net_amount_reporting, 0) as net_amount,
        d.lines - d.lines_with_rate as lines_without_rate
    from customer_days as d
    inner join counted_dates as c
        on d.business_unit = c.business_unit
        and d.ordered_on = c.date_on
    where c.leaves_year_before_at is null
        or c.leaves_year_before_at > c.first_number
),

{% set moments = {
    'enters_at': {'half': 1, 'year': 1},
    'leaves_half_at': {'half': -1},
    'leaves_year_at': {'year': -1, 'year_before': 1},
    'leaves_year_before_at': {'year_before': -1},
} -%}
changes as (
    select
        unit_number,
        customer_key,
        snapshot_number,
        {%- for window in ['half', 'year', 'year_before'] %}
        cast(0 as decimal(38, 4)) as {{ window }}_amount,
        0 as {{ window }}_lines_without_rate,
        {%- endfor %}
        ordered_on,
        occasion_number
    from counted_occasions
    {%- for moment, windows in moments.items() %}
    union all
    select
        unit_number,
        customer_key,
        greatest({{ moment }}, first_number) as snapshot_number,
        {%- for window in ['half', 'year', 'year_before'] %}
        {%- set sign = windows.get(window, 0) %}
        {{ sign }} * net_amount as {{ window }}_amount,
        {{ sign }} * lines_without_rate as {{ window }}_lines_without_rate,
        {%- endfor %}
        cast(null as date) as ordered_on,
        cast(null as integer) as occasion_number
    from counted_days
    where {{ moment }} <= last_number
    {%- endfor %}
),

net_changes as (
    select
        unit_number,
        customer_key,
        snapshot_number,
        {%- for window in ['half', 'year', 'year_before'] %}
        sum({{ window }}_amount) as {{ window }}_amount,
        sum({{ window }}_lines_without_rate) as {{ window }}_lines_without_rate,
        {%- endfor %}
        max(ordered_on) as ordered_on,
        max(occasion_number) as occasion_number
    from changes
    group by unit_number, customer_key, snapshot_number
),

states as (
    select
        unit_number,
        customer_key,
        snapshot_number,
        lead(snapshot_number) over in_time as next_number,
        {%- for window in ['half', 'year', 'year_before'] %}
        sum({{ window }}_amount) over in_time as {{ window }}_amount,
        sum({{ window }}_lines_without_rate) over in_time as {{ window }}_lines_without_rate,
        {%- endfor %}
        max(ordered_on) over in_time as last_occasion_on,
        max(occasion_number) over in_time as occasions
    from net_changes
    window in_time as (partition by unit_number, customer_key order by snapshot_number)
),

described as (
    select
        s.unit_number,
        s.customer_key,
        s.snapshot_number,
        coalesce(s.next_number, b.last_number + 1) as next_number,
        {%- for window in ['half', 'year', 'year_before'] %}
        case
            when s.{{ window }}_lines_without_rate = 0
                then cast(s.{{ window }}_amount as decimal(18, 4))
        end as {{ window }}_amount,
        {%- endfor %}
        f.first_occasion_on,
        s.last_occasion_on,
        f.first_category,
        s.occasions,
        o.second_gap_days,
        o.gap_cv
    from states as s
    inner join bounds as b
        on s.unit_number = b.unit_number
    inner join customer_starts as f
        on b.business_unit = f.business_unit
        and s.customer_key = f.customer_key
    inner join occasions as o
        on b.business_unit = o.business_unit
        and s.customer_key = o.customer_key
        and s.occasions = o.occasion_number
)

select
    t.snapshot_number,
    s.customer_key,
    s.occasions,
    s.first_occasion_on,
    s.last_occasion_on,
    coalesce(h.customer_type, 'unknown') as customer_type,
    s.first_category,
    cast({{ days_between('s.last_occasion_on', 't.snapshot_on') }} as integer) as recency_days,
    cast({{ days_between('s.first_occasion_on', 't.snapshot_on') }} as integer) as tenure_days,
    s.second_gap_days,
    s.gap_cv,
    s.half_amount as spend_recent_amount,
    s.year_before_amount as spend_year_before_amount,
    s.year_amount as spend_window_amount
from described as s
inner join snapshots as t
    on s.unit_number = t.unit_number
    and s.snapshot_number <= t.snapshot_number
    and s.next_number > t.snapshot_number
left join customers_history as h
    on s.customer_key = h.customer_key
    and t.snapshot_on >= h.valid_from
    and t.snapshot_on < h.valid_to
