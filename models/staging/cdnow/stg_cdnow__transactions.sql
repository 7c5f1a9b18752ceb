{% set ordered_on = adapter.quote('date') %}

select
    _load_id,
    _line_number,
    -- No order number is delivered. An order is named by what it says and a number among its
    -- identical twins, which may swap their numbers without anyone being able to tell.
    concat_ws(
        '-', sample_id, {{ ordered_on }}, cds, sales,
        cast(row_number() over (
            partition by _load_id, sample_id, {{ ordered_on }}, cds, sales
            order by _line_number
        ) as string)
    ) as order_id,
    '1' as line_number,
    sample_id as customer_id,
    {{ ordered_on }} as ordered_at,
    cds as quantity,
    sales as line_amount,
    'USD' as currency
from {{ source('cdnow', 'transactions') }}
