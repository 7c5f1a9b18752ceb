{# Fails for attributes that survive together under different rules, or under a rule that compares values:
   what decides for several attributes can only be whose they are. #}
{% test attributes_survive_alike(model) %}
select survives_with
from {{ model }}
group by survives_with
having
    min(survivorship_rule) <> max(survivorship_rule)
    or (count(*) > 1 and min(survivorship_rule) <> 'trusted_then_recent')
{% endtest %}
