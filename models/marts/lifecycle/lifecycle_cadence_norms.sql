with

measured as (
    select *
    from {{ changed_rows(
        ref('int_lifecycle_customers__measured'),
        ref('changed_lifecycle_snapshots'),
        ['snapshot_number']
    ) }}
),

snapshots as (
    select *
    from {{ changed_rows(
        ref('snapshots'), ref('changed_lifecycle_snapshots'), ['snapshot_number']
    ) }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

groups as (
    select
        snapshot_number,
        customer_type,
        first_category,
        count(*) as customers,
        count(case when occasions > 1 then 1 end) as repeat_customers,
        sum(
            case
                when occasions > 1
                    then cast(tenure_days - recency_days as double) / (occasions - 1)
            end
        ) as gap_days
    from measured
    group by snapshot_number, customer_type, first_category
),

everybody as (
    select
        snapshot_number,
        sum(gap_days) / sum(repeat_customers) as mean_gap_days
    from groups
    where repeat_customers > 0
    group by snapshot_number
),

-- Who came less than a window ago had too little time to return late.
second_gaps as (
    select
        m.snapshot_number,
        m.second_gap_days,
        count(*) as customers
    from measured as m
    inner join snapshots as t
        on m.snapshot_number = t.snapshot_number
    inner join settings as s
        on t.business_unit = s.business_unit
    where m.second_gap_days is not null
        and m.tenure_days >= s.window_days
    group by m.snapshot_number, m.second_gap_days
),

second_gaps_counted as (
    select
        snapshot_number,
        second_gap_days,
        sum(customers) over (
            partition by snapshot_number
            order by second_gap_days
            rows between unbounded preceding and current row
        ) as as_short,
        sum(customers) over (partition by snapshot_number) as customers
    from second_gaps
),

quantiles as (
    select
        c.snapshot_number,
        min(c.second_gap_days) as one_time_days
    from second_gaps_counted as c
    inner join snapshots as t
        on c.snapshot_number = t.snapshot_number
    inner join settings as s
        on t.business_unit = s.business_unit
    where c.customers >= s.min_one_time_gaps
        and c.as_short >= s.one_time_quantile * c.customers
    group by c.snapshot_number
)

select
    t.business_unit,
    t.snapshot_on,
    g.customer_type,
    g.first_category,
    cast(g.customers as bigint) as customers,
    cast(g.repeat_customers as bigint) as repeat_customers,
    case
        when g.repeat_customers >= s.min_norm_customers
            then round(g.gap_days / g.repeat_customers, 6)
        else round(e.mean_gap_days, 6)
    end as norm_gap_days,
    q.one_time_days,
    g.repeat_customers >= s.min_norm_customers as is_own_norm
from groups as g
inner join snapshots as t
    on g.snapshot_number = t.snapshot_number
inner join settings as s
    on t.business_unit = s.business_unit
left join everybody as e
    on g.snapshot_number = e.snapshot_number
left join quantiles as q
    on g.snapshot_number = q.snapshot_number
