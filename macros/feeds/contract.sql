{# What the feeds' YAML and the systems' YAML say, for the macros that turn it into SQL.

   A feed's contract stands in models/feeds/_<feed>.yml and nowhere else. Casting, reject reasons, the
   columns that a delivery may or must have, empty relations, the checks at the door and the docs all
   come from it. Per column: data_type; config.meta may say
     required: true          no value, no row: quarantined
     min, max                allowed range, both inclusive
     pattern                 a regular expression that the whole value must match
     allowed_from            a seed that lists the allowed values in its column of the same name, or
                             in another: seed.column
     in_time                 not after the delivery (one day's grace for clocks)
     business_day            the name of a further column: the date in the system's own zone
     pii                     direct: identifies a person by itself, never published; pseudonym: a key
   Per feed: natural_key names a record within its system; version, where delivered, says which of two
   records of one key is newer (else the later delivery is); replaces: a delivery that lacks the last
   part of the key replaces everything it brings under these columns as a whole; require_one_of: at
   least one of these columns has a value; amount: the money of a row, which every delivery conserves.
   A row that withdraws its record (is_deleted) needs no more than the key. #}

{# The model that carries a feed's contract: its columns and its meta. Empty while dbt only parses. #}
{% macro feed_contract(feed) -%}
    {% if execute %}
        {% set node = graph.nodes['model.crm.' ~ feed] %}
        {{ return({'columns': node.columns.values() | list, 'meta': node.config.meta}) }}
    {% endif %}
    {{ return({'columns': [], 'meta': {'natural_key': []}}) }}
{%- endmacro %}

{# The tables of the switched-on systems that carry a feed: system and table, in the order of names. #}
{% macro tables_with(feed) -%}
    {% set found = [] %}
    {% for system, tables in var('systems') | dictsort %}
        {% for table, carried in tables | dictsort if carried == feed %}
            {% do found.append({'system': system, 'table': table}) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# Every feed that some system could have. #}
{% macro all_feeds() -%}
    {{ return([
        'campaign_contacts', 'campaign_offers', 'campaigns', 'customers', 'exchange_rates',
        'interactions', 'leads', 'link_decisions', 'payments', 'product_families', 'products',
        'service_contracts', 'surveys', 'transactions', 'wallet_estimates', 'web_events',
    ]) }}
{%- endmacro %}

{# What is declared of a table, by itself or by its system (time_zone, business_unit, and how values are
   written: null_tokens, decimal_mark, group_mark, date_formats). #}
{% macro table_meta(system, table) -%}
    {% set found = {
        'time_zone': 'UTC', 'business_unit': 'default', 'history_starts_on': none,
        'null_tokens': [''], 'decimal_mark': '.', 'group_mark': '', 'date_formats': ['iso'],
    } %}
    {% if execute %}
        {% for source in graph.sources.values()
            if source.source_name == system and source.name == table %}
            {% do found.update(source.source_meta) %}
            {% do found.update(source.config.meta) %}
        {% endfor %}
    {% endif %}
    {{ return(found) }}
{%- endmacro %}

{# The tables of the switched-on systems, as a query: the feed of each, its business unit, and where its
   system's history starts. #}
{% macro declared_tables() -%}
    {%- set found = [] -%}
    {%- for system, tables in var('systems') | dictsort -%}
        {%- for table, feed in tables | dictsort -%}
            {%- set meta = table_meta(system, table) -%}
            {%- do found.append([system, table, feed, meta.business_unit, meta.history_starts_on]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for system, table, feed, unit, starts_on in found %}
    select
        {{ sql_text(system) }} as system,
        {{ sql_text(table) }} as table_name,
        {{ sql_text(feed) }} as feed,
        {{ sql_text(unit) }} as business_unit,
        cast({{ sql_text(starts_on) if starts_on else 'null' }} as date) as history_starts_on
    {{- ' union all' if not loop.last }}
    {%- else %}
    select
        '' as system,
        '' as table_name,
        '' as feed,
        'default' as business_unit,
        cast(null as date) as history_starts_on
    where false
    {%- endfor -%}
{%- endmacro %}

{# How much a system is trusted on a table, the higher the more; the lowest where it declares none. #}
{% macro trust_rank(system, table) -%}
    case {{ system }}
        {%- for name in var('systems') | sort %}
        when '{{ name }}' then {{ table_meta(name, table).trust_rank or 0 }}
        {%- endfor %}
        else 0
    end
{%- endmacro %}

{# The adapter of a table whose columns are already the feed's. #}
{% macro rows_as_delivered(system, feed) -%}
select
    _load_id,
    _line_number
    {%- for column in feed_contract(feed).columns %},
    {{ column.name }}
    {%- endfor %}
from {{ source(system, feed) }}
{%- endmacro %}

{% macro sql_text(value) -%}
    '{{ value | string | replace("'", "''") }}'
{%- endmacro %}
