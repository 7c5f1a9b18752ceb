{# How a kept model is brought up to date: the rows of what changed are deleted, then made anew from
   what they rest on. Which rows those are stands in `models/changes/`. A model whose table is not
   there is built whole and asks nobody. #}

{# The rows of `rows` whose columns `by` stand in `changes`; all of them when the model is built whole.
   Both are relations or subqueries in brackets; `by` is a list of columns, or maps those of `rows` to
   those of `changes`. #}
{% macro changed_rows(rows, changes, by) -%}
    {%- if is_incremental() -%}
    (
        select r.*
        from {{ rows }} as r
        where {{ is_changed('r', changes, by) }}
    )
    {%- else -%}
    {{ rows }}
    {%- endif -%}
{%- endmacro %}

{# The pre-hook of a kept model: what will be made anew goes. #}
{% macro delete_changed(this, changes, by) -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as r
    where {{ is_changed('r', changes, by) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_changed(row, changes, by) -%}
    exists (
        select 1
        from {{ changes }} as c
        where
            {%- for column, other in (by.items() if by is mapping else zip(by, by)) %}
            {{ row }}.{{ column }} = c.{{ other }}{{ ' and' if not loop.last }}
            {%- endfor %}
    )
{%- endmacro %}

{# A table as the last good build left it; none where there was none, or where its rules have changed. #}
{% macro before(relation) -%}
    {%- if execute -%}
    {{ return(adapter.get_relation('before', relation.schema, relation.identifier)) }}
    {%- endif -%}
{%- endmacro %}

{# The rows in which a table differs from the same table before, with `is_now`: true for a row that
   came, false for one that went. `only` narrows both (`changes` and `by` of `is_changed`). #}
{% macro differences(relation, columns, changes, by) -%}
{%- set was = before(relation) -%}
    {%- for is_now, one, other in [(true, relation, was), (false, was, relation)] %}
    select
        d.*,
        {{ is_now }} as is_now
    from (
        {%- for side in (one, other) %}
        select
            {{ columns | join(',\n            ') }}
        from {{ side }} as s
        {%- if changes %}
        where {{ is_changed('s', changes, by) }}
        {%- endif %}
        {{ 'except all' if not loop.last }}
        {%- endfor %}
    ) as d
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
