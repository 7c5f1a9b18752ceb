{# Steps in cleaning the name of a person. `v` is the row of word lists. #}

{# Without the first word where it is a title and more follows. #}
{% macro without_title_before(name) -%}
    case
        when instr({{ name }}, ' ') > 0
            and {{ is_among("lower(replace(replace(split_part(" ~ name ~ ", ' ', 1), '.', ''), ',', ''))", 'v.titles_before') }}
            then substr({{ name }}, instr({{ name }}, ' ') + 1)
        else {{ name }}
    end
{%- endmacro %}

{# Without the last word where it is a title and more stands before it; behind a comma any title is one. #}
{% macro without_title_after(name) -%}
    {%- set last = "split_part(" ~ name ~ ", ' ', -1)" -%}
    {%- set word = "lower(replace(replace(" ~ last ~ ", '.', ''), ',', ''))" -%}
    case
        when instr({{ name }}, ' ') > 0 and (
            {{ is_among(word, 'v.titles_after') }}
            or ({{ matches(name, ', [^ ]+$') }} and {{ is_among(word, 'v.titles_before') }})
        )
            then {{ replace_all("substr(" ~ name ~ ", 1, length(" ~ name ~ ") - length(" ~ last ~ "))", '[ ,]+$', '') }}
        else {{ name }}
    end
{%- endmacro %}

{% macro without_title(place, name) -%}
    {{ without_title_before(name) if place == 'before' else without_title_after(name) }}
{%- endmacro %}

{# A name all in capitals or all in small letters as it is usually written. #}
{% macro in_usual_case(name) -%}
    {%- set parted = "replace(replace(lower(" ~ name ~ "), '-', '- '), '''', ''' ')" -%}
    case
        when upper({{ name }}) <> lower({{ name }})
            and ({{ name }} = upper({{ name }}) or {{ name }} = lower({{ name }}))
            then replace(replace({{ in_title_case(parted) }}, '- ', '-'), ''' ', '''')
        else {{ name }}
    end
{%- endmacro %}

{# Only the Han characters of a text, and the dot between the parts of foreign names. #}
{% macro han_only(text) -%}
    case
        when {{ matches(text, han()) }} and not {{ matches(text, kana()) }}
            then {{ replace_all(text, '[^·' ~ han()[1:], '') }}
    end
{%- endmacro %}

{# The family name at the end of a Western name: the last word and the particles before it; null where
   there is one word alone. #}
{% macro family_of(words) -%}
    case
        when {{ is_among("lower(split_part(" ~ words ~ ", ' ', -2))", 'v.particles') }}
            and {{ is_among("lower(split_part(" ~ words ~ ", ' ', -3))", 'v.particles') }}
            and length({{ last_words(words, 4) }}) > length({{ last_words(words, 3) }})
            then {{ last_words(words, 3) }}
        when {{ is_among("lower(split_part(" ~ words ~ ", ' ', -2))", 'v.particles') }}
            and length({{ last_words(words, 3) }}) > length({{ last_words(words, 2) }})
            then {{ last_words(words, 2) }}
        when instr({{ words }}, ' ') > 0 then {{ last_words(words, 1) }}
    end
{%- endmacro %}

{# Whether words look like a Chinese given name in pinyin: one or two syllables, together or apart. #}
{% macro is_pinyin_given(words) -%}
    {%- set initial = '(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?' -%}
    {%- set final = '(iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|[aeiouv])' -%}
    {%- set syllable = initial ~ final -%}
    {{ matches(words, '^' ~ syllable ~ '[ -]?(' ~ syllable ~ ')?$') }}
{%- endmacro %}

{# What is left of a whole name when one part is cut off its end or its beginning; null where it is at
   neither or all of it. #}
{% macro rest_of(name, part) -%}
    nullif(case
        when lower(right({{ name }}, length({{ part }}) + 1)) = concat(' ', lower({{ part }}))
            then trim(substr({{ name }}, 1, length({{ name }}) - length({{ part }})))
        when lower(substr({{ name }}, 1, length({{ part }}) + 1)) = concat(lower({{ part }}), ' ')
            then trim(substr({{ name }}, length({{ part }}) + 1))
    end, '')
{%- endmacro %}

{# The words by which a whole name is compared: of an organisation those without the legal form, of a
   person the parts where both are known. #}
{% macro name_words(n) -%}
    case
        when {{ n }}.organisation_words is not null then {{ n }}.organisation_words
        when {{ n }}.given_words is not null and {{ n }}.family_words is not null
            then concat({{ n }}.family_words, ' ', {{ n }}.given_words)
        else coalesce({{ n }}.full_words, {{ n }}.family_words, {{ n }}.given_words)
    end
{%- endmacro %}
