with

labels as (
    select * from {{ ref('rfm_segment_labels') }}
),

cells as (
    select
        segment,
        count(*) as score_cells
    from {{ ref('int_rfm_cells__named') }}
    group by segment
)

select
    l.segment,
    l.position,
    l.label_en,
    l.label_zh,
    l.action_en,
    l.action_zh,
    coalesce(c.score_cells, 0) as score_cells
from labels as l
left join cells as c
    on l.segment = c.segment
