{# Steps in parting a street and a house number. Texts are tidy. #}

{# The part of an address line with the street: without a flat before it, a house's name, or what follows
   behind a comma. #}
{% macro street_part(line) -%}
    {%- set without_flat = replace_all(
        'lower(' ~ line ~ ')', '^(flat|apt[.]?|apartment|unit|suite|room) ?[0-9a-z]+[, ]+', ''
    ) -%}
    {%- set without_house = replace_all(without_flat, '^[^0-9,]+, ?([0-9])', capture(1)) -%}
    {%- set numbered = replace_all(without_house, '^(no[.]? ?|nr[.]? ?|#)([0-9])', capture(2)) -%}
    {{ replace_all(numbered, '^([^,]*[^0-9, ][^,]*),.*$', capture(1)) }}
{%- endmacro %}

{% macro number_pattern() -%}
    {{ return('[0-9]+ ?[a-z]?([-/][0-9]+[a-z]?)?') }}
{%- endmacro %}

{# The house number of a street part, without blanks; null where it has none. `line` is the whole line:
   in Chinese the number may stand behind other parts. #}
{% macro house_number_of(line, part) -%}
    {%- set number = number_pattern() -%}
    replace(case
        when {{ matches(line, '[0-9]号') }}
            then {{ replace_all(line, '^.*?([0-9]+(-[0-9]+)?)号.*$', capture(1)) }}
        when {{ matches(part, '^[0-9]+[a-z]?([-/][0-9]+[a-z]?)?,? .') }}
            then {{ replace_all(part, '^([0-9]+[a-z]?([-/][0-9]+[a-z]?)?),? .*$', capture(1)) }}
        when {{ matches(part, '. ' ~ number ~ '$') }}
            then {{ replace_all(part, '^.*? (' ~ number ~ ')$', capture(1)) }}
    end, ' ', '')
{%- endmacro %}

{# A street part without its number. #}
{% macro without_house_number(part) -%}
    case
        when {{ matches(part, han()) }} then {{ replace_all(part, '[0-9].*$', '') }}
        when {{ matches(part, '^[0-9]+[a-z]?([-/][0-9]+[a-z]?)?,? .') }}
            then {{ replace_all(part, '^[0-9]+[a-z]?([-/][0-9]+[a-z]?)?,? ', '') }}
        else {{ replace_all(part, ' ' ~ number_pattern() ~ '$', '') }}
    end
{%- endmacro %}

{# Capitals and digits of a text; null where nothing but zeros is left. #}
{% macro capitals_and_digits(text) -%}
    nullif({{ replace_all(
        replace_all('upper(' ~ text ~ ')', '[^0-9A-Z]', ''), '^0+$', ''
    ) }}, '')
{%- endmacro %}
