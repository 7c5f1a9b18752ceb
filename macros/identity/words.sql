{# Words of a text in the form in which they are compared, and lists of words from seeds. Lists are joined
   by | into one text, so that looking a word up is one search. #}

{% macro han() -%}
    {{ return('[〇㐀-䶿一-鿿豈-﫿𠀀-𲎯]') }}
{%- endmacro %}

{# Japanese: Han characters beside them are not read as in Chinese. #}
{% macro kana() -%}
    {{ return('[ぁ-ヿ]') }}
{%- endmacro %}

{# Full-width signs and letters as half-width ones. #}
{% macro half_width(text) -%}
    {%- set wide = [] -%}
    {%- set narrow = [] -%}
    {%- for code in range(33, 127) -%}
        {%- do wide.append('%c' % (code + 65248)) -%}
        {%- do narrow.append('%c' % code) -%}
    {%- endfor -%}
    translate({{ text }}, {{ sql_text(wide | join) }}, {{ sql_text(narrow | join) }})
{%- endmacro %}

{# A text as written, composed and half-width, with plain quotes and hyphens and single blanks. #}
{% macro tidy(text) -%}
    {%- set marks = "’‘´ʼ‐‑–—•‧・" -%}
    {%- set plain = "''''----···" -%}
    nullif(case
        when {{ matches(text, '[^ -~]') }}
            then {{ stripped(replace_all(
                'translate(' ~ half_width(composed(text)) ~ ', ' ~ sql_text(marks) ~ ', ' ~ sql_text(plain) ~ ')',
                '[\s\u00a0\u2000-\u200b\u202f\u3000\ufeff]+', ' '
            )) }}
        else trim({{ replace_all(text, ' +', ' ') }})
    end, '')
{%- endmacro %}

{# A tidy text as words for comparing: lower case, no marks on letters, & is "and", apostrophes gone, one
   blank where other signs were. `dot` is what a dot becomes: nothing in S.A., a blank in J.R. Letters of
   other scripts than Latin stay, so that they equal themselves. #}
{% macro match_form(text, dot='') -%}
    {%- set letters -%}
    case
        when {{ matches(text, '[^ -~]') }} then
            replace(replace(replace(replace(
                translate({{ without_marks('lower(' ~ text ~ ')') }}, 'øłđıð', 'oldid'),
                'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
        else lower({{ text }})
    end
    {%- endset -%}
    nullif(trim({{ replace_all(
        "replace(replace(replace(" ~ letters ~ ", '&', ' and '), '''', ''), '.', '" ~ dot ~ "')",
        '[^\p{L}\p{M}\p{N}]+', ' '
    ) }}), '')
{%- endmacro %}

{# One list of a seed's column, as a scalar query. #}
{% macro list_of(seed, column, condition='true') -%}
    (select concat('|', {{ ordered_list(column, '|') }}, '|') from {{ ref(seed) }} where {{ condition }})
{%- endmacro %}

{% macro is_among(word, words) -%}
    coalesce(instr({{ words }}, concat('|', {{ word }}, '|')) > 0, false)
{%- endmacro %}

{# The last words of a text: all of it where it has no more. #}
{% macro last_words(text, count) -%}
    {%- if count == 1 -%}
        split_part({{ text }}, ' ', -1)
    {%- else -%}
        trim(concat_ws(' '
        {%- for place in range(count, 0, -1) -%}
            , split_part({{ text }}, ' ', -{{ place }})
        {%- endfor -%}
        ))
    {%- endif -%}
{%- endmacro %}

{# The longest of the last one to `most` words that a list has, where more stands before it. #}
{% macro last_words_among(text, words, most) -%}
    case
        {%- for count in range(most, 0, -1) %}
        {%- set ending = last_words(text, count) %}
        when {{ is_among(ending, words) }} and length({{ text }}) > length({{ ending }}) then {{ ending }}
        {%- endfor %}
    end
{%- endmacro %}

{# The longest ending of at most `most` characters that a list has, where more stands before it. #}
{% macro ending_among(text, words, most, least=1) -%}
    case
        {%- for count in range(most, least - 1, -1) %}
        when length({{ text }}) > {{ count }} and {{ is_among('right(' ~ text ~ ', ' ~ count ~ ')', words) }}
            then right({{ text }}, {{ count }})
        {%- endfor %}
    end
{%- endmacro %}

{# What is left of a text when its ending is cut off; all of it where the ending is null. #}
{% macro without_ending(text, ending) -%}
    trim(substr({{ text }}, 1, length({{ text }}) - coalesce(length({{ ending }}), 0)))
{%- endmacro %}
