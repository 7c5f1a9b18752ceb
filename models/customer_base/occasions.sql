-- Variation is taken from sums of whole days and their squares, so that no order of adding shows.
with

customer_days as (
    select *
    from {{ changed_rows(
        ref('customer_days'), ref('changed_customers'), ['customer_key']
    ) }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

numbered as (
    select
        business_unit,
        customer_key,
        ordered_on,
        row_number() over in_time as occasion_number,
        min(ordered_on) over in_time as first_on,
        lag(ordered_on) over in_time as previous_on,
        lead(ordered_on) over in_time as next_on
    from customer_days
    where is_occasion
    window in_time as (partition by business_unit, customer_key order by ordered_on)
),

gaps as (
    select
        *,
        cast({{ days_between('previous_on', 'ordered_on') }} as bigint) as gap_days
    from numbered
),

-- Of two gaps in a row, the first one's share of both: near a half where purchases are regular.
pairs as (
    select
        *,
        lag(gap_days) over in_time
        / cast(lag(gap_days) over in_time + gap_days as double) - 0.5 as deviation
    from gaps
    window in_time as (partition by business_unit, customer_key order by ordered_on)
),

running as (
    select
        *,
        max(case when occasion_number = 2 then gap_days end) over in_time as second_gap_days,
        coalesce(sum(gap_days * gap_days) over in_time, 0) as squares,
        avg(deviation * deviation) over in_time as share_variance
    from pairs
    window in_time as (
        partition by business_unit, customer_key
        order by ordered_on
        rows between unbounded preceding and current row
    )
),

recent as (
    select
        r.business_unit,
        r.customer_key,
        r.occasion_number,
        r.ordered_on,
        r.first_on,
        r.previous_on,
        r.next_on,
        r.gap_days,
        r.second_gap_days,
        least(r.occasion_number - 1, s.recent_gaps) as gaps,
        {{ days_between('coalesce(b.ordered_on, r.first_on)', 'r.ordered_on') }} as span_days,
        r.squares - coalesce(b.squares, 0) as squares,
        case
            when r.occasion_number > s.regularity_min_gaps then r.share_variance
        end as share_variance
    from running as r
    inner join settings as s
        on r.business_unit = s.business_unit
    left join running as b
        on r.business_unit = b.business_unit
        and r.customer_key = b.customer_key
        and r.occasion_number - s.recent_gaps = b.occasion_number
),

varied as (
    select
        *,
        (gaps * squares - cast(span_days as bigint) * span_days)
        * cast(gaps as double) / nullif(gaps - 1, 0) as squared_deviation
    from recent
)

select
    business_unit,
    customer_key,
    cast(occasion_number as integer) as occasion_number,
    ordered_on,
    first_on,
    previous_on,
    next_on,
    cast(gap_days as integer) as gap_days,
    cast(second_gap_days as integer) as second_gap_days,
    case when gaps >= 2 then round(sqrt(squared_deviation) / span_days, 9) end as gap_cv,
    {{ wheat_morrison_k('share_variance') }} as regularity_k
from varied
