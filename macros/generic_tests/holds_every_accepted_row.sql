{# Fails when a fact has more or fewer rows than its feed has accepted up to the as-of date. #}
{% test holds_every_accepted_row(model, feed, day=none) %}
with

counted as (
    select
        (select count(*) from {{ model }}) as fact_rows,
        (
            select count(*)
            from {{ ref(feed) }} as f
            cross join {{ ref('clock') }} as c
            {{ 'where ' ~ day ~ ' <= c.as_of_date' if day }}
        ) as accepted_rows
)

select *
from counted
where fact_rows <> accepted_rows
{% endtest %}
