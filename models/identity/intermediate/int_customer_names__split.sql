-- The names of persons, and of whoever is not known to be an organisation, in their parts. Parts
-- that a source keeps apart stand; else Chinese names begin with the family name, Western ones end
-- with it.
with

names as (
    select * from {{ ref('int_customer_names__formed') }}
),

vocabulary as (
    select
        {{ list_of('name_titles', 'title', "place = 'before'") }} as titles_before,
        {{ list_of('name_titles', 'title', "place = 'after'") }} as titles_after,
        {{ list_of('name_titles', 'title', "place = 'behind_han'") }} as han_titles,
        {{ list_of('name_particles', 'particle') }} as particles,
        {{ list_of('han_surnames', 'surname', 'length(surname) > 1') }} as compound_surnames,
        {{ list_of('han_surnames', 'reading', 'is_common') }} as surname_readings
),

persons as (
    select n.*
    from names as n
    where n.full_name is not null
        and coalesce(n.customer_type, '') <> 'organisation'
        and {{ is_not_held('n') }}
),

-- Up to three titles stand before a name and two behind it.
{%- set steps = ['before', 'before', 'before', 'after', 'after'] %}
{%- for place in steps %}
untitled_{{ loop.index }} as (
    select
        n.record_key,
        n.load_id,
        n.source_line_number,
        n.country_code,
        n.family_name,
        {{ without_title(place, 'n.given_name') }} as given_name,
        {{ without_title(place, 'n.full_name') }} as full_name
    from {{ 'persons' if loop.first else 'untitled_' ~ loop.index0 }} as n
    cross join vocabulary as v
),
{%- endfor %}

-- Family, Given
with_comma as (
    select
        u.record_key,
        u.load_id,
        u.source_line_number,
        u.country_code,
        u.full_name,
        u.given_name,
        {{ without_title_after('u.family_name') }} as family_name,
        u.full_name like '%_,_%' and u.full_name not like '%,%,%' as has_comma,
        trim(split_part(u.full_name, ',', 1)) as before_comma,
        {{ without_title_before("trim(split_part(u.full_name, ',', 2))") }} as behind_comma
    from untitled_{{ steps | length }} as u
    cross join vocabulary as v
),

turned as (
    select
        record_key,
        load_id,
        source_line_number,
        country_code,
        case
            when has_comma then concat(behind_comma, ' ', before_comma)
            else full_name
        end as full_name,
        coalesce(given_name, case when has_comma then behind_comma end) as given_name,
        coalesce(family_name, case when has_comma then before_comma end) as family_name
    from with_comma
),

in_scripts as (
    select
        record_key,
        load_id,
        source_line_number,
        country_code,
        full_name,
        given_name,
        family_name,
        {{ han_only('full_name') }} as han_titled,
        {{ han_only('given_name') }} as han_given_name,
        {{ han_only('family_name') }} as han_family_name,
        lower(split_part(full_name, ' ', 1)) as first_word,
        case
            when instr(full_name, ' ') > 0 then substr(full_name, instr(full_name, ' ') + 1)
            else ''
        end as further_words
    from turned
),

-- What tells that a name in Latin letters begins with the family name: Chinese in pinyin, or
-- capitals.
ordered as (
    select
        s.record_key,
        s.load_id,
        s.source_line_number,
        s.country_code,
        s.full_name,
        s.given_name,
        s.family_name,
        s.han_given_name,
        s.han_family_name,
        {{ without_ending('s.han_titled', ending_among('s.han_titled', 'v.han_titles', 4, 2)) }}
            as han_text,
        {{ is_among('s.first_word', 'v.surname_readings') }}
        and {{ is_pinyin_given('lower(s.further_words)') }}
        and (
            coalesce(s.country_code, '') in ('CN', 'HK', 'MO', 'SG', 'TW')
            or not {{ is_among('lower(s.further_words)', 'v.surname_readings') }}
        ) as is_pinyin,
        length(s.first_word) > 2
        and split_part(s.full_name, ' ', 1) = upper(s.first_word)
        and s.further_words <> ''
        and s.further_words <> upper(s.further_words) as is_in_capitals
    from in_scripts as s
    cross join vocabulary as v
),

with_family as (
    select
        o.*,
        coalesce(
            o.han_family_name,
            case
                when o.han_text like '%_·_%' then split_part(o.han_text, '·', -1)
                when length(o.han_text) between 3 and 5
                    and {{ is_among('substr(o.han_text, 1, 2)', 'v.compound_surnames') }}
                    then substr(o.han_text, 1, 2)
                when length(o.han_text) <= 4 then substr(o.han_text, 1, 1)
            end
        ) as han_family,
        coalesce(o.family_name, case
            when o.given_name is not null then {{ rest_of('o.full_name', 'o.given_name') }}
            when o.is_pinyin or o.is_in_capitals then split_part(o.full_name, ' ', 1)
            when not {{ matches('o.full_name', '[&0-9]') }} then {{ family_of('o.full_name') }}
        end) as western_family
    from ordered as o
    cross join vocabulary as v
),

with_both as (
    select
        *,
        coalesce(
            han_given_name,
            case when han_text like '%_·_%' then split_part(han_text, '·', 1) end,
            nullif(substr(han_text, length(han_family) + 1), '')
        ) as han_given,
        coalesce(given_name, {{ rest_of('full_name', 'western_family') }}) as western_given
    from with_family
)

select
    record_key,
    load_id,
    source_line_number,
    case
        when han_text is null then {{ in_usual_case('full_name') }}
        when han_given is not null and not {{ matches('full_name', '[A-Za-z]') }} then han_text
        else full_name
    end as clean_full_name,
    case when han_text is null then {{ in_usual_case('western_given') }} else han_given end
        as clean_given_name,
    case when han_text is null then {{ in_usual_case('western_family') }} else han_family end
        as clean_family_name,
    han_text,
    han_given,
    han_family,
    case when han_text is null then {{ match_form('western_given', ' ') }} end as given_words,
    case when han_text is null then {{ match_form('western_family', ' ') }} end as family_words,
    case when han_text is null then {{ match_form('full_name', ' ') }} end as full_words
from with_both
