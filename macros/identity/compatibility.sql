{# Whether two records that share a key can be one customer. `l` and `r` are the two sides of a join,
   with the columns of customer_records; `s` is the seed identity_settings. #}

{# Nothing that each of them has once in a life contradicts the other's. #}
{% macro can_be_one(l, r, s) -%}
    (
        coalesce({{ l }}.customer_type = {{ r }}.customer_type, true)
        and coalesce({{ l }}.clean_tax_code = {{ r }}.clean_tax_code, true)
        and coalesce({{ birth_dates_agree(l ~ '.clean_birth_date', r ~ '.clean_birth_date', s) }}, true)
    )
{%- endmacro %}

{# Null where one is not known. #}
{% macro birth_dates_agree(l, r, s) -%}
    (
        case when extract(year from {{ l }}) <> extract(year from {{ r }}) then 1 else 0 end
        + case when extract(month from {{ l }}) <> extract(month from {{ r }}) then 1 else 0 end
        + case when extract(day from {{ l }}) <> extract(day from {{ r }}) then 1 else 0 end
        <= {{ s }}.birth_date_differences
        or (
            extract(year from {{ l }}) = extract(year from {{ r }})
            and extract(month from {{ l }}) = extract(day from {{ r }})
            and extract(day from {{ l }}) = extract(month from {{ r }})
        )
    )
{%- endmacro %}

{# The same name, whole and in any order, or both its parts alike: a slip in the whole would make one of
   Ann and Ian Lee. Organisations have no parts. Names in Han characters are equal or are not: romanised,
   many people share one. Null where one has no name. #}
{% macro names_agree(l, r, s) -%}
    (
        {{ l }}.name_key = {{ r }}.name_key
        or (
            {{ texts_alike(l ~ '.family_name_key', r ~ '.family_name_key', s) }}
            and (
                {{ given_names_alike(l, r, s) }}
                or {{ is_initial_of(l ~ '.given_name_key', r ~ '.given_name_key') }}
                or {{ is_initial_of(r ~ '.given_name_key', l ~ '.given_name_key') }}
            )
        )
        or (
            coalesce({{ l }}.family_name_key, {{ r }}.family_name_key) is null
            and {{ texts_alike(l ~ '.name_key', r ~ '.name_key', s) }}
        )
    )
    and coalesce({{ l }}.han_name = {{ r }}.han_name, true)
{%- endmacro %}

{# One of the two names at least: who shares a card is of one family, or has married. #}
{% macro names_touch(l, r, s) -%}
    (
        {{ names_agree(l, r, s) }}
        or {{ given_names_alike(l, r, s) }}
    )
{%- endmacro %}

{# Maria and Mario are not a slip apart where their gender is known. #}
{% macro given_names_alike(l, r, s) -%}
    (
        {{ l }}.given_name_key = {{ r }}.given_name_key
        or (
            {{ texts_alike(l ~ '.given_name_key', r ~ '.given_name_key', s) }}
            and coalesce({{ l }}.gender = {{ r }}.gender, true)
        )
    )
{%- endmacro %}

{# A slip. In a short name only two letters that changed places are one: wang and yang are two families. #}
{% macro texts_alike(l, r, s) -%}
    (
        {{ l }} = {{ r }}
        or (
            {{ typos_between(l, r) }} <= {{ s }}.name_typos
            and (
                least(length({{ l }}), length({{ r }})) >= {{ s }}.name_typos_from_length
                or {{ has_same_letters(l, r) }}
            )
        )
    )
{%- endmacro %}

{% macro is_initial_of(l, r) -%}
    (length({{ l }}) = 1 and {{ l }} = substr({{ r }}, 1, 1))
{%- endmacro %}

{# No name, or a given name that is an initial: it may stand for several people. #}
{% macro is_vague(of) -%}
    ({{ of }}.name_key is null or coalesce(length({{ of }}.given_name_key) = 1, false))
{%- endmacro %}
