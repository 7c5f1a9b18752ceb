{# Which of the contested, valid rows stands. Rows of one full natural key: the newest by the feed's
   version column, then by the delivery; equal twins count once; twins that differ with nothing to say
   which is newer are both quarantined. Rows without the last part of the key: the newest delivery of
   what they replace as a whole. Nothing depends on the order of rows within a file. #}
{% macro ranked_versions(feed) -%}
{%- set contract = feed_contract(feed) -%}
{%- set meta = contract.meta -%}
{%- set names = contract.columns | map(attribute='name') | list -%}
{%- set key = meta.natural_key -%}
{%- set version = meta.version if meta.version in names else 'cast(null as timestamp)' -%}
{%- set deleted = 'coalesce(is_deleted, false)' if 'is_deleted' in names else 'false' -%}
{%- set group = competing_columns(feed) -%}
{%- set line_key = key | reject('in', group) | list -%}
with

valid as (
    select *
    from {{ changed_rows(ref(feed ~ '_typed'), arrived_keys(feed), ['system'] + group) }}
    where reasons is null
),

-- Only keys that more than one delivery, line or withdrawal speaks of have anything to rank.
contested as (
    select
        system,
        {{ group | join(',\n        ') }}
    from valid
    group by system, {{ group | join(', ') }}
    having
        {%- if line_key %}
        min(load_id) <> max(load_id)
        or count({{ line_key[0] }}) <> count(distinct {{ line_key[0] }})
        {%- else %}
        count(*) > 1
        {%- endif %}
        or count(case when {{ deleted }} then 1 end) > 0
),

competing as (
    select
        v.*,
        d.precedence,
        {{ ('v.' ~ version) if meta.version in names else version }} as version_at,
        {{ ('v.' ~ line_key[0] ~ ' is not null') if line_key else 'true' }} as is_keyed,
        md5(concat_ws('|'
            {%- for column in contract.columns %},
            {%- set text = 'cast(v.' ~ column.name ~ ' as string)' %}
            coalesce(cast(length({{ text }}) as string) || ':' || {{ text }}, '~')
            {%- endfor %}
        )) as payload
    from valid as v
    inner join {{ source('raw', 'deliveries') }} as d
        on v.load_id = d.load_id
    inner join contested as c
        on v.system = c.system
        {%- for column in group %}
        and v.{{ column }} = c.{{ column }}
        {%- endfor %}
),

compared as (
    select
        *,
        is_keyed and min(payload) over same_version <> max(payload) over same_version as is_conflict
    from competing
    window
        same_version as (
            partition by system, is_keyed, {{ key | join(', ') }}, version_at, precedence
        )
),

-- What contradicts itself replaces nothing.
grouped as (
    select
        *,
        max(case when not is_keyed then precedence end) over same_group as replaced_up_to,
        max(case when not is_conflict then precedence end) over same_group as newest_precedence,
        max(case when not is_keyed and {{ deleted }} then precedence end) over same_group
            = max(case when not is_conflict then precedence end) over same_group
            as is_whole_withdrawn
    from compared
    window same_group as (partition by system, {{ group | join(', ') }})
),

numbered as (
    select
        *,
        row_number() over (
            partition by system, is_keyed, is_conflict, {{ key | join(', ') }}
            order by version_at desc nulls last, precedence desc, source_line_number asc
        ) as version_number,
        row_number() over (
            partition by system, is_keyed, {{ key | join(', ') }}, version_at, precedence, payload
            order by source_line_number
        ) as twin_number
    from grouped
)

select
    load_id,
    source_line_number,
    system,
    {{ group | join(',\n    ') }},
    case
        when is_conflict then '{{ key | join(" and ") }}: conflicting_versions'
    end as reasons,
    case
        when is_conflict then null
        when is_keyed and (version_number > 1 or precedence < replaced_up_to)
            then case when twin_number > 1 then 'duplicate' else 'newer_version' end
        when is_keyed and {{ deleted }} then 'withdrawn'
        when not is_keyed and precedence < newest_precedence then 'newer_version'
        when not is_keyed and is_whole_withdrawn then 'withdrawn'
    end as superseded_because
from numbered
{%- endmacro %}


{# The keys of which an arrived delivery speaks: all their rows compete again. #}
{% macro arrived_keys(feed) -%}
(
    select distinct
        t.system,
        {%- for column in competing_columns(feed) %}
        t.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(feed ~ '_typed') }} as t
    inner join {{ ref('arrived_loads') }} as a
        on t.load_id = a.load_id
    where t.reasons is null
)
{%- endmacro %}


{# The key under which rows of a feed compete: what is replaced as a whole, else the natural key. #}
{% macro competing_columns(feed) -%}
    {%- set meta = feed_contract(feed).meta -%}
    {{ return(meta.replaces or meta.natural_key) }}
{%- endmacro %}


{# The pre-hook of a ranked model. #}
{% macro delete_ranked(this) -%}
    {%- set feed = this.identifier | replace('_ranked', '') -%}
    {{ delete_changed(this, arrived_keys(feed), ['system'] + competing_columns(feed)) }}
{%- endmacro %}
