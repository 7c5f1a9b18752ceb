-- What each record said, and from when to when. Sources seldom send the state at creation, so the
-- first version holds from the day on which the record was first heard of, whatever day it bears.
with

customers as (
    select * from {{ ref('customers_judged') }}
),

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

customer_mentions as (
    select * from {{ ref('customer_mentions') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- A version without a day of its own counts from its delivery, at the latest from the as-of date:
-- what is delivered is known.
delivered as (
    select
        m.record_key,
        m.first_seen_on,
        c.*,
        d.precedence,
        cast(d.delivered_at as date) as delivered_on,
        least(
            coalesce(cast(c.updated_at as date), cast(d.delivered_at as date)), t.as_of_date
        ) as said_on,
        coalesce(cast(c.updated_at as date) > t.as_of_date, false) as is_said_later,
        coalesce(c.is_deleted, false) as is_withdrawn
    from customers as c
    cross join clock as t
    inner join customer_mentions as m
        on c.system = m.system
        and c.customer_id = m.customer_id
    inner join deliveries as d
        on c.load_id = d.load_id
    where c.verdict in ('accepted', 'superseded')
        and coalesce(c.superseded_because, 'newer_version') <> 'duplicate'
        and m.first_seen_on <= t.as_of_date
),

{% set attributes = customer_attributes() | map(attribute='name') | list -%}
-- A version that a newer one overtook, though it came later, held only until that one began.
ordered as (
    select
        d.record_key,
        d.load_id,
        d.source_line_number,
        d.first_seen_on,
        d.is_said_later,
        {{ said(attributes + ['updated_at', 'is_withdrawn'], 'd') }} as said,
        row_number() over in_order as place,
        min(d.said_on) over (in_order rows between current row and unbounded following)
            as holds_from
    from delivered as d
    window
        in_order as (
            partition by d.record_key
            order by d.updated_at asc nulls first, d.precedence asc
        )
),

dated as (
    select
        record_key,
        load_id,
        source_line_number,
        said,
        place,
        case when place = 1 then first_seen_on else greatest(holds_from, first_seen_on) end
            as valid_from
    from ordered
    -- What was said after the as-of date is not known yet. The first version is: a nightly export
    -- that touches every record must not make strangers of them all.
    where place = 1 or not is_said_later
),

last_of_day as (
    select
        record_key,
        load_id,
        source_line_number,
        said,
        valid_from,
        row_number() over (partition by record_key, valid_from order by place desc)
            as place_from_last
    from dated
),

compared as (
    select
        record_key,
        load_id,
        source_line_number,
        valid_from,
        said,
        lag(said) over (partition by record_key order by valid_from) as said_before
    from last_of_day
    where place_from_last = 1
),

-- A delivery that only says again what stood is no version.
held as (
    select
        record_key,
        load_id,
        source_line_number,
        valid_from,
        row_number() over in_time as version_number,
        lead(valid_from) over in_time as valid_to
    from compared
    where said is distinct from said_before
    window in_time as (partition by record_key order by valid_from)
)

select
    h.record_key,
    h.version_number,
    d.system,
    d.customer_id,
    h.valid_from,
    h.valid_to,
    d.updated_at,
    d.delivered_on,
    h.load_id,
    h.source_line_number,
    d.precedence,
    {{ trust_rank('d.system', 'customers') }} as trust_rank,
    {%- for attribute in attributes %}
    case when not d.is_withdrawn then d.{{ attribute }} end as {{ attribute }},
    {%- endfor %}
    h.valid_to is null as is_current,
    d.is_withdrawn
from held as h
inner join delivered as d
    on h.load_id = d.load_id
    and h.source_line_number = d.source_line_number
    and h.record_key = d.record_key
