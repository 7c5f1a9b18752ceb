{# Tables that follow a source by difference. Each of their rows is made of one row of the source, and
   of seeds; `identity` are the columns that tell which row, and so all that it says. By default a
   record's row as it was delivered. #}

{# Before such a table is added to: away with what was made of rows that the source has no more. #}
{% macro delete_what_differs(kept, source, identity=['record_key', 'load_id', 'source_line_number']) -%}
    {%- if load_cached_relation(kept) is not none -%}
    delete from {{ kept }} as kept
    where not exists (
        select 1
        from {{ source }} as source
        where {% for name in identity %}source.{{ name }} = kept.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{# Whether a row of the source, by its alias, is still to be made. All are where there is no table. #}
{% macro is_not_held(source, identity=['record_key', 'load_id', 'source_line_number']) -%}
    {%- if is_incremental() -%}
    not exists (
        select 1
        from {{ this }} as kept
        where {% for name in identity %}kept.{{ name }} = {{ source }}.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
