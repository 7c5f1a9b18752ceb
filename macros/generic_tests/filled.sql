{# Fails for every row that lacks a value in one of the columns. One test for a whole table: each costs
   a build the same time, however little it reads. #}
{% test filled(model, columns) %}
select *
from {{ model }}
where
    {% for column in columns -%}
    {{ column }} is null{{ ' or ' if not loop.last }}
    {%- endfor %}
{% endtest %}
