select
    reason,
    position,
    stage,
    label_zh,
    meaning
from {{ ref('lifecycle_reason_labels') }}
