select load_id
from {{ source('raw', 'deliveries') }}
where is_new
    and status = 'taken'
