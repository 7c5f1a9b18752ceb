{# One row per delivered row of a feed with its verdict: accepted, quarantined (reasons say why) or
   superseded (superseded_because says by what). #}
{% macro judged_rows(feed) -%}
select
    t.load_id,
    t.source_line_number,
    t.system,
    t.business_unit,
    {%- for column in feed_contract(feed).columns %}
    t.{{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    t.{{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    case
        when t.reasons is not null or r.reasons is not null then 'quarantined'
        when r.superseded_because is not null then 'superseded'
        else 'accepted'
    end as verdict,
    coalesce(t.reasons, r.reasons) as reasons,
    t.doubts,
    r.superseded_because,
    t.faulty_column,
    t.faulty_value,
    t.as_delivered
from {{ ref(feed ~ '_typed') }} as t
left join {{ ref(feed ~ '_ranked') }} as r
    on t.load_id = r.load_id
    and t.source_line_number = r.source_line_number
{%- endmacro %}


{# The accepted rows of a feed: the contract's columns and where each row came from. #}
{% macro accepted_rows(feed) -%}
select
    system,
    business_unit,
    {%- for column in feed_contract(feed).columns %}
    {{ column.name }},
    {%- if (column.config.meta or {}).business_day %}
    {{ column.config.meta.business_day }},
    {%- endif %}
    {%- endfor %}
    load_id,
    source_line_number
from {{ ref(feed ~ '_judged') }}
where verdict = 'accepted'
{%- endmacro %}
