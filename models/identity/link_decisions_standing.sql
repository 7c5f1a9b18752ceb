-- Which of two decisions on one pair stands: the later one, and of one day the one that parts.
with

link_decisions as (
    select * from {{ ref('link_decisions') }}
),

pairs as (
    select
        *,
        {{ surrogate_key(['customer_system', 'customer_id']) }} as one_key,
        {{ surrogate_key(['other_system', 'other_customer_id']) }} as other_key
    from link_decisions
),

ranked as (
    select
        *,
        row_number() over (
            partition by least(one_key, other_key), greatest(one_key, other_key)
            order by
                decided_on desc nulls last,
                updated_at desc nulls last,
                decision asc,
                load_id desc,
                source_line_number desc
        ) as standing
    from pairs
)

select
    least(one_key, other_key) as record_key_l,
    greatest(one_key, other_key) as record_key_r,
    customer_system,
    customer_id,
    other_system,
    other_customer_id,
    decision,
    decision_reason,
    decided_on,
    load_id,
    source_line_number,
    standing = 1 as is_standing
from ranked
