{# Fails for every interval [valid_from, valid_to) that is empty, does not end where its successor of the
   same key begins, or does not say rightly whether it is current: only the last one is, and has no end. #}
{% test intervals_follow_each_other(model, key) %}
with

followed as (
    select
        {{ key }},
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (partition by {{ key }} order by valid_from) as next_valid_from
    from {{ model }}
)

select *
from followed
where valid_from is null
    or valid_from >= valid_to
    or valid_to is distinct from next_valid_from
    or is_current is distinct from (valid_to is null)
{% endtest %}
