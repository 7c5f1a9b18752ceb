-- Which value of a merged customer's records survives in each interval, where it comes from and
-- what decided. Attributes that survive together are decided once, for the record as a whole.
with

preferred as (
    select * from {{ ref('int_customer_records__preferred') }}
),

unpivoted as (
    select * from {{ ref('int_customer_values__unpivoted') }}
),

-- Other rules than trust compare the value itself: dates and booleans sort alike as text.
claims as (
    select
        record_key,
        version_number,
        survives_with,
        survivorship_rule,
        case when survivorship_rule <> 'trusted_then_recent' then min(said_value) end as claim
    from unpivoted
    group by record_key, version_number, survives_with, survivorship_rule
),

ranked as (
    select
        p.customer_key,
        p.valid_from,
        c.survives_with,
        c.survivorship_rule,
        c.claim,
        p.preference,
        row_number() over by_preference as place,
        lead(p.preference) over by_preference as next_preference
    from preferred as p
    inner join claims as c
        on p.record_key = c.record_key
        and p.version_number = c.version_number
    window
        by_preference as (
            partition by p.customer_key, p.valid_from, c.survives_with
            order by
                case when c.survivorship_rule in ('earliest', 'refusal_wins') then c.claim end
                asc nulls last,
                case when c.survivorship_rule = 'latest' then c.claim end desc nulls last,
                p.preference asc
        )
),

decided as (
    select
        r.customer_key,
        r.valid_from,
        w.record_key,
        w.version_number,
        r.survives_with,
        case
            when r.next_preference is null then 'only_value'
            when r.survivorship_rule = 'refusal_wins' and r.claim = 'false' then 'refusal'
            when r.survivorship_rule = 'refusal_wins' then 'no_refusal'
            when r.survivorship_rule <> 'trusted_then_recent' then r.survivorship_rule
            when w.trust_rank > n.trust_rank then 'most_trusted'
            when coalesce(w.updated_at > n.updated_at, w.updated_at is not null)
                then 'most_recent'
            when w.undated_on > n.undated_on then 'last_delivered'
            when w.system = n.system and w.undated_precedence > n.undated_precedence
                then 'last_delivered'
            else 'first_by_name'
        end as decided_by
    from ranked as r
    inner join preferred as w
        on r.customer_key = w.customer_key
        and r.valid_from = w.valid_from
        and r.preference = w.preference
    left join preferred as n
        on r.customer_key = n.customer_key
        and r.valid_from = n.valid_from
        and r.next_preference = n.preference
    where r.place = 1
)

select
    d.customer_key,
    d.valid_from,
    u.attribute,
    d.record_key,
    d.version_number,
    u.said_value,
    d.decided_by
from decided as d
inner join unpivoted as u
    on d.record_key = u.record_key
    and d.version_number = u.version_number
    and d.survives_with = u.survives_with
