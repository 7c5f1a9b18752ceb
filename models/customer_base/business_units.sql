with

declared_tables as (
    select * from {{ ref('declared_tables') }}
)

select
    business_unit,
    row_number() over (order by business_unit) as unit_number
from declared_tables
group by business_unit
