-- What was published last is part of the input: this is a log, and only appends to itself. Compared
-- are the months that this build made anew, among those that readers have seen.
{% set columns = [
    'business_unit', 'customer_key', 'month_end', 'segment', 'recency_days', 'frequency',
    'monetary_amount', 'r_score', 'f_score', 'm_score',
] -%}
with

published as (
    select * from {{ source('raw', 'published_restatements') }}
),

published_months as (
    select * from {{ source('raw', 'published_rfm_customer_months') }}
),

customer_months as (
    select * from {{ ref('rfm_customer_months') }}
),

changed_populations as (
    select * from {{ ref('changed_rfm_populations') }}
),

rebuilt_models as (
    select *
    from {{ source('raw', 'rebuilt_models') }}
    where model = 'int_rfm_customers__scored'
),

run_settings as (
    select * from {{ source('raw', 'run_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

deliveries as (
    select max(load_id) as known_at
    from {{ source('raw', 'deliveries') }}
),

last_event as (
    select max(event_number) as event_number
    from published
),

seen as (
    select max(month_end) as month_end
    from published_months
),

every_month as (
    select
        business_unit,
        month_end
    from customer_months
    union distinct
    select
        business_unit,
        month_end
    from published_months
),

causes as (
    select distinct
        p.business_unit,
        p.snapshot_on as month_end,
        case p.cause when 'new_order' then 'late_order' else p.cause end as cause
    from changed_populations as p
    inner join seen as s
        on p.snapshot_on <= s.month_end
    union distinct
    select
        m.business_unit,
        m.month_end,
        r.cause
    from every_month as m
    cross join rebuilt_models as r
    inner join seen as s
        on m.month_end <= s.month_end
),

months as (
    select
        c.business_unit,
        c.month_end,
        {{ ordered_list('c.cause') }} as cause
    from causes as c
    -- A question about the past is no event.
    inner join run_settings as s
        on s.as_of_requested is null
        and s.known_at is null
    group by c.business_unit, c.month_end
),

was as (
    select p.{{ columns | join(',\n        p.') }}
    from published_months as p
    inner join months as m
        on p.business_unit = m.business_unit
        and p.month_end = m.month_end
),

is_now as (
    select p.{{ columns | join(',\n        p.') }}
    from customer_months as p
    inner join months as m
        on p.business_unit = m.business_unit
        and p.month_end = m.month_end
),

went as (
    select * from was
    except all
    select * from is_now
),

came as (
    select * from is_now
    except all
    select * from was
),

differing as (
    select * from went
    union all
    select * from came
),

restated as (
    select
        business_unit,
        month_end,
        count(distinct customer_key) as customers
    from differing
    group by business_unit, month_end
)

select
    event_number,
    as_of_date,
    known_at,
    business_unit,
    month_end,
    mart,
    cause,
    rows
from published

union all

select
    coalesce(e.event_number, 0)
    + row_number() over (order by r.business_unit, r.month_end) as event_number,
    t.as_of_date,
    d.known_at,
    r.business_unit,
    r.month_end,
    'rfm.rfm_customer_months' as mart,
    m.cause,
    r.customers as rows
from restated as r
inner join months as m
    on r.business_unit = m.business_unit
    and r.month_end = m.month_end
cross join last_event as e
cross join clock as t
cross join deliveries as d
