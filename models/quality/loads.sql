with

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

verdicts as (
    {%- for feed in all_feeds() %}
    select
        load_id,
        verdict,
        doubts,
        ordered_on
    from (
        select
            load_id,
            verdict,
            doubts,
            {{ 'ordered_on' if feed == 'transactions' else 'cast(null as date)' }}
                as ordered_on
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
            as after_as_of,
        count(case when v.verdict = 'accepted' then v.doubts end) as doubtful
    from verdicts as v
    cross join clock as c
    group by v.load_id
)

select
    d.load_id,
    d.system,
    d.source_table,
    d.feed,
    d.file,
    d.delivered_at,
    d.status,
    d.reason,
    d.content_hash,
    {{ joined('d.extra_columns') }} as extra_columns,
    d.delivered,
    coalesce(c.accepted, 0) as accepted,
    coalesce(c.quarantined, 0) as quarantined,
    -- What a person withdrew, and what was read again, counts as replaced as a whole.
    case
        when d.status in ('withdrawn', 'read_again') then d.records
        else coalesce(c.superseded, 0)
    end as superseded,
    d.unparseable,
    coalesce(c.after_as_of, 0) as after_as_of,
    coalesce(c.doubtful, 0) as doubtful
from deliveries as d
left join counted as c
    on d.load_id = c.load_id
