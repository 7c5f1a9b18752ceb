with

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

verdicts as (
    {%- for feed in all_feeds() %}
    select
        load_id,
        verdict,
        ordered_on
    from (
        select
            load_id,
            verdict,
            {{ 'ordered_on' if feed == 'transactions' else 'cast(null as date)' }} as ordered_on
        from {{ ref(feed ~ '_judged') }}
    ) as {{ feed }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

clock as (
    select * from {{ ref('clock') }}
),

counted as (
    select
        v.load_id,
        count(case when v.verdict = 'accepted' then 1 end) as accepted,
        count(case when v.verdict = 'quarantined' then 1 end) as quarantined,
        count(case when v.verdict = 'superseded' then 1 end) as superseded,
        count(case when v.verdict = 'accepted' and v.ordered_on > c.as_of_date then 1 end)
            as after_as_of
    from verdicts as v
    cross join clock as c
    group by v.load_id
)

select
    d.load_id,
    d.system,
    d.feed,
    d.file,
    d.delivered_at,
    d.status,
    d.reason,
    d.content_hash,
    d.delivered,
    coalesce(c.accepted, 0) as accepted,
    coalesce(c.quarantined, 0) as quarantined,
    -- What a person withdrew counts as replaced by nothing.
    case when d.status = 'withdrawn' then d.records else coalesce(c.superseded, 0) end
        as superseded,
    d.unparseable,
    coalesce(c.after_as_of, 0) as after_as_of
from deliveries as d
left join counted as c
    on d.load_id = c.load_id
