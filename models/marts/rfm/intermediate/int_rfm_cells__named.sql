with

segment_ranges as (
    select * from {{ ref('rfm_segment_ranges') }}
),

scores as (
    {%- for score in range(1, 6) %}
    select {{ score }} as score{{ ' union all' if not loop.last }}
    {%- endfor %}
)

select
    r.score as r_score,
    f.score as f_score,
    m.score as m_score,
    s.segment
from scores as r
cross join scores as f
cross join scores as m
inner join segment_ranges as s
    on r.score between s.r_min and s.r_max
    and f.score between s.f_min and s.f_max
    and m.score between s.m_min and s.m_max
