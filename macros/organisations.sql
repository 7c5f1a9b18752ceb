{# How far up a hierarchy of organisations is climbed: as many joins, since one of the engines knows no
   recursion. No company of the world has as many levels; what has is reported and not followed. #}
{% macro hierarchy_levels() -%}
    {{ return(20) }}
{%- endmacro %}

{# A measure of organisation_rollups as it is published: a count, or an amount that is null where there are
   lines and no rate is known for any of them. #}
{% macro in_its_type(rows, measure) -%}
    {%- if measure.endswith('net_amount_reporting') -%}
        {%- set lines = rows ~ '.' ~ measure | replace('net_amount_reporting', 'lines') -%}
        cast(
            case when {{ lines }} = 0 or {{ lines }}_with_rate > 0 then {{ rows }}.{{ measure }} end
            as decimal(38, 4)
        )
    {%- else -%}
        cast({{ rows }}.{{ measure }} as bigint)
    {%- endif -%}
{%- endmacro %}

{# An organisation and the parent that is followed are counted under the same top, one level apart; a
   top is its own; whoever is at fault has no ultimate parent. #}
{% test hierarchy_holds_together(model) %}
select h.customer_key
from {{ model }} as h
left join {{ model }} as p
    on h.parent_customer_key = p.customer_key
inner join {{ model }} as g
    on h.group_key = g.customer_key
where g.group_key <> g.customer_key
    or (h.parent_status = 'followed') <> (h.group_key <> h.customer_key)
    or (h.parent_status = 'followed' and h.group_key is distinct from p.group_key)
    or (h.parent_status = 'followed' and h.depth is distinct from p.depth + 1)
    or (h.ultimate_parent_key is null) <> (h.depth is null)
    or coalesce(h.ultimate_parent_key, h.group_key) <> h.group_key
    or (h.ultimate_parent_key is not null and (h.is_in_cycle or h.is_below_cycle))
    or (h.cycle_key is not null) <> (h.is_in_cycle or h.is_below_cycle)
    or (h.parent_status = 'in_cycle') <> h.is_in_cycle
{% endtest %}

{# What the tops have with everything below them is what all organisations have of their own. #}
{% test tops_make_the_whole(model, measures) %}
select
    {%- for measure in measures %}
    sum(case when is_top then total_{{ measure }} end) as tops_have_{{ measure }},
    sum(own_{{ measure }}) as all_have_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ model }}
having
    {%- for measure in measures %}
    {{ 'or ' if not loop.first }}coalesce(sum(case when is_top then total_{{ measure }} end), 0)
    <> coalesce(sum(own_{{ measure }}), 0)
    {%- endfor %}
{% endtest %}
