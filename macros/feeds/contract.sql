{# What the feeds' YAML and the systems' YAML say, for the macros that turn it into SQL. #}

{# The model that carries a feed's contract: its columns and its meta. Empty while dbt only parses. #}
{% macro feed_contract(feed) -%}
    {% if execute %}
        {% set node = graph.nodes['model.crm.' ~ feed] %}
        {{ return({'columns': node.columns.values() | list, 'meta': node.config.meta}) }}
    {% endif %}
    {{ return({'columns': [], 'meta': {'natural_key': []}}) }}
{%- endmacro %}

{# The switched-on systems that have a feed, in the order of their names. #}
{% macro systems_with(feed) -%}
    {% set found = [] %}
    {% for system, feeds in var('systems') | dictsort if feed in feeds %}
        {% do found.append(system) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# Every feed that some system could have. #}
{% macro all_feeds() -%}
    {{ return(['customers', 'products', 'transactions']) }}
{%- endmacro %}

{# What a system declares of itself (time_zone, business_unit, currency, null_tokens, ...). #}
{% macro system_meta(system) -%}
    {% set empty = {'time_zone': 'UTC', 'business_unit': 'default', 'null_tokens': ['']} %}
    {% set found = [] %}
    {% if execute %}
        {% for source in graph.sources.values() if source.source_name == system %}
            {% do found.append(source.source_meta) %}
        {% endfor %}
    {% endif %}
    {{ return(found[0] if found else empty) }}
{%- endmacro %}

{% macro sql_text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}
