with

labels as (
    select * from {{ ref('rfm_eight_cell_labels') }}
)

select
    eight_cell,
    position,
    label_en,
    label_zh,
    is_recency_better,
    is_frequency_better,
    is_monetary_better
from labels
