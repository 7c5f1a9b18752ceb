{# The row '*' is there, so that a unit without a row of its own is scored too. #}
{% test holds_a_row_for_all_units(model) %}
select count(*) as common_rows
from {{ model }}
where business_unit = '*'
having count(*) <> 1
{% endtest %}
