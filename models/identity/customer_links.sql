with

customer_mentions as (
    select * from {{ ref('customer_mentions') }}
),

customer_clusters as (
    select * from {{ ref('customer_clusters') }}
),

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

clustered as (
    select
        m.system,
        m.customer_id,
        c.record_key,
        c.cluster_key
    from customer_clusters as c
    inner join customer_mentions as m
        on c.record_key = m.record_key
),

-- The first delivery of any feed makes a record known. Every valid row counts, also of orders and
-- records that were delivered again: a key must not change because its first delivery is overtaken.
deliveries_naming as (
    {%- for feed in ['customers'] + feeds_naming_customers() | list %}
    select
        c.record_key,
        min(t.load_id) as load_id
    from clustered as c
    inner join {{ ref(feed ~ '_typed') }} as t
        on c.system = t.system
        and c.customer_id = t.customer_id
    where t.reasons is null
    group by c.record_key
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

first_named as (
    select
        n.record_key,
        min(d.arrival) as first_arrival
    from deliveries_naming as n
    inner join deliveries as d
        on n.load_id = d.load_id
    group by n.record_key
),

-- A merge keeps the key of the record that was delivered first.
seniority as (
    select
        c.record_key,
        c.cluster_key,
        row_number() over (
            partition by c.cluster_key
            order by f.first_arrival, c.system, c.customer_id
        ) as seniority
    from clustered as c
    left join first_named as f
        on c.record_key = f.record_key
),

keys as (
    select
        member.record_key,
        senior.record_key as customer_key
    from seniority as member
    inner join seniority as senior
        on member.cluster_key = senior.cluster_key
        and senior.seniority = 1
)

select
    m.system,
    m.customer_id,
    m.record_key,
    coalesce(k.customer_key, m.record_key) as customer_key,
    m.first_seen_on
from customer_mentions as m
left join keys as k
    on m.record_key = k.record_key
