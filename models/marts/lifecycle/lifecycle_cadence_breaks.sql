-- Each gap in a category is judged by what was known when it began: the customer's gaps up to then,
-- and the norm of the month-end before. So a break, once told, is never told otherwise by later
-- days.
with

category_occasions as (
    select * from {{ ref('category_occasions') }}
),

occasions as (
    select * from {{ ref('occasions') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

snapshots as (
    select *
    from {{ ref('snapshots') }}
    where is_month_end
),

numbered as (
    select
        business_unit,
        customer_key,
        category,
        ordered_on,
        row_number() over in_time - 1 as gaps,
        min(ordered_on) over in_time as first_on,
        lead(ordered_on) over in_time as resumed_on,
        cast(
            {{ days_between('lag(ordered_on) over in_time', 'ordered_on') }} as bigint
        ) as gap_days
    from category_occasions
    window in_time as (partition by business_unit, customer_key, category order by ordered_on)
),

running as (
    select
        *,
        cast({{ days_between('first_on', 'ordered_on') }} as bigint) as span_days,
        coalesce(
            sum(gap_days * gap_days) over (
                partition by business_unit, customer_key, category
                order by ordered_on
                rows between unbounded preceding and current row
            ),
            0
        ) as squares
    from numbered
),

-- A customer's mean gap replaces the one before in the sum over all.
means as (
    select
        *,
        case when gaps > 0 then cast(span_days as double) / gaps else 0 end as mean_gap_days
    from running
),

replaced as (
    select
        *,
        mean_gap_days - lag(mean_gap_days) over (
            partition by business_unit, customer_key, category
            order by ordered_on
        ) as mean_gap_change
    from means
),

mean_changes as (
    select
        business_unit,
        category,
        last_day(ordered_on) as month_end,
        sum(case when gaps = 1 then 1 else 0 end) as customers,
        sum(mean_gap_change) as gap_days
    from replaced
    where gaps > 0
    group by business_unit, category, last_day(ordered_on)
),

categories as (
    select
        business_unit,
        category
    from mean_changes
    group by business_unit, category
),

totals as (
    select
        c.business_unit,
        c.category,
        t.snapshot_on as month_end,
        sum(coalesce(m.customers, 0)) over in_time as customers,
        sum(coalesce(m.gap_days, 0)) over in_time as gap_days
    from categories as c
    inner join snapshots as t
        on c.business_unit = t.business_unit
    left join mean_changes as m
        on c.business_unit = m.business_unit
        and c.category = m.category
        and t.snapshot_on = m.month_end
    window in_time as (
        partition by c.business_unit, c.category
        order by t.snapshot_on
        rows between unbounded preceding and current row
    )
),

norms as (
    select
        t.business_unit,
        t.category,
        t.month_end,
        round(t.gap_days / t.customers, 6) as norm_gap_days
    from totals as t
    inner join settings as s
        on t.business_unit = s.business_unit
    where t.customers >= s.min_norm_customers
),

varied as (
    select
        *,
        (gaps * squares - span_days * span_days)
        / cast(nullif(span_days * span_days, 0) as double) as squared_variation
    from running
),

-- As a gamma distribution: its mean and its variation are the customer's own, pulled towards the
-- norm and towards buying at random (variation 1).
expected as (
    select
        r.business_unit,
        r.customer_key,
        r.category,
        r.ordered_on,
        r.resumed_on,
        r.gaps,
        s.break_normal_quantile,
        {{ shrunk_gap('n.norm_gap_days', 'r.span_days', 'r.gaps', 's.shrinkage_gaps') }}
            as expected_gap_days,
        (s.shrinkage_gaps + r.gaps * r.squared_variation) / (s.shrinkage_gaps + r.gaps)
            as squared_variation
    from varied as r
    inner join settings as s
        on r.business_unit = s.business_unit
    left join norms as n
        on r.business_unit = n.business_unit
        and r.category = n.category
        and last_day({{ add_months('r.ordered_on', -1) }}) = n.month_end
    where r.gaps >= s.category_min_gaps
),

bounded as (
    select
        e.*,
        {{ gamma_quantile(
            'e.expected_gap_days', 'e.squared_variation', 'e.break_normal_quantile'
        ) }} as longest_gap_days
    from expected as e
),

-- Whoever buys anything before the category is bought again buys elsewhere. Who buys nothing more
-- does not: the greatest of nothing and a day would be the day.
broken as (
    select
        b.business_unit,
        b.customer_key,
        b.category,
        b.ordered_on,
        b.resumed_on,
        b.gaps,
        b.expected_gap_days,
        b.longest_gap_days,
        o.next_on as bought_elsewhere_on,
        greatest(o.next_on, {{ add_days('b.ordered_on', 'floor(b.longest_gap_days) + 1') }})
            as broke_on
    from bounded as b
    inner join occasions as o
        on b.business_unit = o.business_unit
        and b.customer_key = o.customer_key
        and b.ordered_on = o.ordered_on
    where o.next_on is not null
)

select
    b.business_unit,
    b.customer_key,
    b.category,
    b.broke_on,
    b.ordered_on as last_occasion_on,
    b.bought_elsewhere_on,
    b.resumed_on,
    cast(b.gaps as integer) as gaps,
    round(b.expected_gap_days, 6) as expected_gap_days,
    round(b.longest_gap_days, 6) as longest_gap_days
from broken as b
cross join clock as t
where b.broke_on <= t.as_of_date
    and b.broke_on < coalesce(b.resumed_on, {{ add_days('t.as_of_date', 1) }})
