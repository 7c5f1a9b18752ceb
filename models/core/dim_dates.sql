with

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

clock as (
    select * from {{ ref('clock') }}
),

span as (
    select
        cast(date_trunc('month', least(min(o.ordered_on), min(c.as_of_date))) as date) as from_on,
        last_day(min(c.as_of_date)) as to_on
    from clock as c
    left join order_lines as o
        on true
),

days as (
    {{ days_from_to('(select from_on from span)', '(select to_on from span)') }}
)

select
    date_on,
    cast(date_trunc('month', date_on) as date) as month_start_on,
    last_day(date_on) as month_end_on,
    cast(extract(year from date_on) as integer) as year_number,
    cast(extract(quarter from date_on) as integer) as quarter_number,
    cast(extract(month from date_on) as integer) as month_number,
    cast(extract(day from date_on) as integer) as day_number,
    date_on = last_day(date_on) as is_month_end
from days
