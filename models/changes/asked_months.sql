select
    months_from as from_on,
    months_to as to_on
from {{ source('raw', 'run_settings') }}
where months_from is not null
