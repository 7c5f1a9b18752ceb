-- What was published last is part of the input: this is a log, and only appends to itself.
with

published as (
    select * from {{ source('raw', 'published_customer_merges') }}
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

records as (
    select * from {{ ref('dim_customer_records') }}
),

last_event as (
    select max(event_number) as event_number
    from published
),

last_told as (
    select
        system,
        customer_id,
        customer_key_after,
        row_number() over (partition by system, customer_id order by event_number desc) as age
    from published
),

-- A record of which nothing was told has had its own key so far.
changed as (
    select
        r.system,
        r.customer_id,
        r.record_key,
        coalesce(p.customer_key_after, r.record_key) as customer_key_before,
        r.customer_key as customer_key_after,
        r.linked_by,
        r.probability
    from records as r
    -- A question about the past is no event.
    inner join run_settings as s
        on s.as_of_requested is null
        and s.known_at is null
    left join last_told as p
        on r.system = p.system
        and r.customer_id = p.customer_id
        and p.age = 1
    where r.customer_key <> coalesce(p.customer_key_after, r.record_key)
)

select
    event_number,
    as_of_date,
    known_at,
    event,
    system,
    customer_id,
    customer_key_before,
    customer_key_after,
    linked_by,
    probability
from published

union all

select
    coalesce(e.event_number, 0)
    + row_number() over (order by c.system, c.customer_id) as event_number,
    t.as_of_date,
    d.known_at,
    case
        when c.customer_key_before = c.record_key then 'merged'
        when c.customer_key_after = c.record_key then 'unmerged'
        else 'moved'
    end as event,
    c.system,
    c.customer_id,
    c.customer_key_before,
    c.customer_key_after,
    case when c.customer_key_after <> c.record_key then c.linked_by end as linked_by,
    case when c.customer_key_after <> c.record_key then c.probability end as probability
from changed as c
cross join last_event as e
cross join clock as t
cross join deliveries as d
