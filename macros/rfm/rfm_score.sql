{# 1 to 5: one more for every bound of int_rfm_populations__bounded that a value reaches; null for null.
   `goodness` grows with what is better, so days come negative. #}
{% macro rfm_score(goodness, measure, bounds) -%}
    case
        when {{ goodness }} is not null
            then 1
            {%- for score in range(2, 6) %}
                + case when {{ goodness }} >= {{ bounds }}.{{ measure }}_for_{{ score }} then 1 else 0 end
            {%- endfor %}
    end
{%- endmacro %}
