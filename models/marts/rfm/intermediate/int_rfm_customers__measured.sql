-- R, F and M of every customer at every snapshot, exact to the day for any window. A customer-day
-- counts from the first snapshot on or after it until the first that is a whole window later, so
-- two rows per customer-day (it enters, it leaves) and a running sum give every state a customer
-- passes through; only then is each state repeated for the snapshots it lasts. Cost follows
-- customer-days and the rows that come out, never customer-days times the months of the window.
with

populations as (
    select *
    from {{ changed_rows(
        ref('int_rfm_populations__dated'),
        ref('changed_rfm_populations'),
        ['population_number']
    ) }}
),

-- No other day counts for any of these populations.
counted_dates as (
    select d.*
    from {{ ref('int_rfm_days__counted') }} as d
    where d.enters_at <= (select max(p.population_number) from populations as p)
        and d.leaves_at > (select min(p.population_number) from populations as p)
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

counted_days as (
    select
        s.unit_number,
        s.last_number,
        s.enters_at,
        s.leaves_at,
        d.customer_key,
        case when d.is_occasion then d.ordered_on end as occasion_on,
        case when d.is_occasion then 1 else 0 end as occasions,
        d.lines,
        d.lines_with_rate,
        coalesce(d.net_amount_reporting, 0) as net_amount
    from customer_days as d
    inner join counted_dates as s
        on d.business_unit = s.business_unit
        and d.ordered_on = s.date_on
),

changes as (
    select
        unit_number,
        customer_key,
        enters_at as population_number,
        last_number,
        occasion_on,
        occasions,
        lines,
        lines_with_rate,
        net_amount
    from counted_days
    union all
    select
        unit_number,
        customer_key,
        leaves_at as population_number,
        last_number,
        cast(null as date) as occasion_on,
        -occasions as occasions,
        -lines as lines,
        -lines_with_rate as lines_with_rate,
        -net_amount as net_amount
    from counted_days
    where leaves_at <= last_number
),

net_changes as (
    select
        unit_number,
        customer_key,
        population_number,
        max(last_number) as last_number,
        max(occasion_on) as occasion_on,
        sum(occasions) as occasions,
        sum(lines) as lines,
        sum(lines_with_rate) as lines_with_rate,
        sum(net_amount) as net_amount
    from changes
    group by unit_number, customer_key, population_number
),

-- Occasions leave in the order in which they came: while one counts, the latest of all counts.
states as (
    select
        customer_key,
        population_number,
        coalesce(lead(population_number) over in_time, last_number + 1) as next_number,
        max(occasion_on) over in_time as last_occasion_on,
        sum(occasions) over in_time as frequency,
        sum(lines) over in_time as lines,
        sum(lines_with_rate) over in_time as lines_with_rate,
        sum(net_amount) over in_time as net_amount
    from net_changes
    window in_time as (partition by unit_number, customer_key order by population_number)
)

select
    p.population_number,
    s.customer_key,
    s.last_occasion_on,
    cast({{ days_between('s.last_occasion_on', 'p.snapshot_on') }} as integer) as recency_days,
    cast(s.frequency as integer) as frequency,
    case
        when s.lines_with_rate > 0 then cast(s.net_amount as decimal(18, 4))
    end as monetary_amount,
    round(cast(s.lines_with_rate as double) / s.lines, 9) as monetary_coverage_ratio
from states as s
inner join populations as p
    on s.population_number <= p.population_number
    and s.next_number > p.population_number
where s.frequency > 0
