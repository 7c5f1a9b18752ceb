with

customer_keys as (
    select * from {{ ref('customer_keys') }}
),

customer_records as (
    select * from {{ ref('customer_records') }}
),

customer_pairs as (
    select * from {{ ref('customer_pairs') }}
),

customer_mentions as (
    select * from {{ ref('customer_mentions') }}
),

decisions as (
    select * from {{ ref('link_decisions_standing') }}
),

match_rules as (
    select * from {{ ref('match_rules') }}
),

identity_settings as (
    select * from {{ ref('identity_settings') }}
),

faces as (
    select distinct
        rule,
        key_value,
        face_record_key,
        strength
    from customer_keys
    where is_usable
),

same_face as (
    select
        face_record_key as record_key_l,
        record_key as record_key_r,
        rule,
        key_value,
        strength
    from customer_keys
    where is_usable and face_record_key <> record_key
),

other_faces as (
    select
        a.face_record_key as record_key_l,
        b.face_record_key as record_key_r,
        a.rule,
        a.key_value,
        a.strength,
        case
            when {{ is_vague('l') }} then l.record_key
            when {{ is_vague('r') }} then r.record_key
        end as vague_key,
        case
            when not {{ is_vague('l') }} then coalesce(l.given_name_key, l.name_key)
            when not {{ is_vague('r') }} then coalesce(r.given_name_key, r.name_key)
        end as written_out
    from faces as a
    inner join faces as b
        on a.rule = b.rule
        and a.key_value = b.key_value
        and a.face_record_key < b.face_record_key
    inner join customer_records as l
        on a.face_record_key = l.record_key
    inner join customer_records as r
        on b.face_record_key = r.record_key
    cross join identity_settings as s
    where
        {{ can_be_one('l', 'r', 's') }}
        and case a.rule
            when 'tax_code' then true
            when 'loyalty_card' then coalesce({{ names_touch('l', 'r', 's') }}, true)
            when 'email' then coalesce({{ names_agree('l', 'r', 's') }}, true)
            when 'phone' then coalesce({{ names_agree('l', 'r', 's') }}, false)
        end
),

-- A record without a name, or with an initial that is short for two names of one household, is
-- nobody's: it must not link the two to each other.
told_apart as (
    select
        *,
        min(written_out) over one_vague as first_written_out,
        max(written_out) over one_vague as last_written_out
    from other_faces
    window one_vague as (partition by rule, key_value, vague_key)
),

exact as (
    select
        record_key_l,
        record_key_r,
        rule,
        key_value,
        strength
    from same_face
    union all
    select
        record_key_l,
        record_key_r,
        rule,
        key_value,
        strength
    from told_apart
    where vague_key is null
        or rule = 'tax_code'
        or coalesce(first_written_out = last_written_out, true)
),

probable as (
    select
        p.record_key_l,
        p.record_key_r,
        m.rule,
        p.probability,
        p.evidence,
        m.strength - 1 + p.probability as strength
    from customer_pairs as p
    cross join match_rules as m
    where m.rule = 'probability' and m.is_on and p.probability >= m.link_from
),

-- A decision on an id that nobody knows links nothing.
listed as (
    select
        d.record_key_l,
        d.record_key_r,
        d.decision_reason
    from decisions as d
    inner join customer_mentions as l
        on d.record_key_l = l.record_key
    inner join customer_mentions as r
        on d.record_key_r = r.record_key
    where d.decision = 'same' and d.is_standing and d.record_key_l <> d.record_key_r
)

select
    record_key_l,
    record_key_r,
    rule,
    key_value,
    cast(null as double) as probability,
    cast(null as string) as evidence,
    cast(strength as double) as strength
from exact

union all

select
    record_key_l,
    record_key_r,
    rule,
    cast(null as string) as key_value,
    probability,
    evidence,
    strength
from probable

union all

select
    record_key_l,
    record_key_r,
    'listed' as rule,
    cast(null as string) as key_value,
    cast(null as double) as probability,
    decision_reason as evidence,
    cast('infinity' as double) as strength
from listed
