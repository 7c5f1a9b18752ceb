{# What a customer record says: the columns of the feed `customers` but for its key, when it was changed
   and whether it is withdrawn. How each survives stands in the seed `customer_attributes`. #}
{% macro customer_attributes() -%}
    {{ return(
        feed_contract('customers').columns
        | rejectattr('name', 'in', ['customer_id', 'updated_at', 'is_deleted'])
        | list
    ) }}
{%- endmacro %}

{# Whether two rows say the same: a hash in which null, the empty text and shifted values differ. #}
{% macro said(columns, of) -%}
    md5(concat_ws('|'
        {%- for column in columns %}
        {%- set text = 'cast(' ~ of ~ '.' ~ column ~ ' as string)' %},
        coalesce(cast(length({{ text }}) as string) || ':' || {{ text }}, '~')
        {%- endfor %}
    ))
{%- endmacro %}

{# The record that an id names within a system; null where none is named. #}
{% macro named_record_key(system, customer_id) -%}
    case when {{ customer_id }} is not null then {{ surrogate_key([system, customer_id]) }} end
{%- endmacro %}
