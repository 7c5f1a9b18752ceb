select
    stage,
    position,
    is_immediate,
    label_en,
    label_zh,
    action_en,
    action_zh
from {{ ref('lifecycle_stage_labels') }}
