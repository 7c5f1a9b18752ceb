{# Fails for every row whose whole is not exactly the sum of its parts. #}
{% test parts_make_the_whole(model, whole, parts) %}
select *
from {{ model }}
where {{ whole }} is distinct from {{ parts | join(' + ') }}
{% endtest %}
