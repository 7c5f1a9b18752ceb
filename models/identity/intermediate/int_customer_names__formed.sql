-- The name of each record as it is written, and the legal form at its end. Whose type nobody
-- declared is an organisation where a legal form tells so.
with

records as (
    select r.*
    from {{ ref('int_customer_records__current') }} as r
    where {{ is_not_held('r') }}
),

vocabulary as (
    select
        {{ list_of('placeholder_values', 'value', "kind = 'name'") }} as placeholders,
        {{ list_of('legal_forms', 'written', 'is_telling') }} as telling_forms,
        {{ list_of('legal_forms', 'written', "written <= 'zz'") }} as latin_forms,
        {{ list_of('legal_forms', 'written', "written > 'zz'") }} as other_forms
),

tidied as (
    select
        record_key,
        load_id,
        source_line_number,
        customer_type,
        country_code,
        {{ tidy('full_name') }} as full_name,
        {{ tidy('given_name') }} as given_name,
        {{ tidy('family_name') }} as family_name
    from records
),

-- Han names have no blank between their parts.
named as (
    select
        t.record_key,
        t.load_id,
        t.source_line_number,
        t.customer_type,
        t.country_code,
        t.given_name,
        t.family_name,
        case
            when t.full_name is not null
                and not {{ is_among('lower(t.full_name)', 'v.placeholders') }}
                then t.full_name
            when {{ matches('t.family_name', han()) }}
                then concat(t.family_name, coalesce(t.given_name, ''))
            else nullif(concat_ws(' ', t.given_name, t.family_name), '')
        end as full_name
    from tidied as t
    cross join vocabulary as v
),

written as (
    select
        record_key,
        load_id,
        source_line_number,
        customer_type,
        country_code,
        given_name,
        family_name,
        case
            when {{ matches('full_name', han()) }} and not {{ matches('full_name', '[A-Za-z]') }}
                then replace(full_name, ' ', '')
            else full_name
        end as full_name
    from named
),

compared as (
    select
        *,
        {{ match_form('full_name') }} as words
    from written
),

-- In Han characters a form is glued to the name. A person's name has none: Sá is a surname.
formed as (
    select
        c.*,
        {{ ending_among('c.words', 'v.other_forms', 8) }} as glued_form,
        {{ last_words_among('c.words', 'v.latin_forms', 4) }} as last_form
    from compared as c
    cross join vocabulary as v
),

ended as (
    select
        *,
        case
            when coalesce(customer_type, '') <> 'person' then coalesce(glued_form, last_form)
        end as legal_ending
    from formed
)

select
    e.record_key,
    e.load_id,
    e.source_line_number,
    e.country_code,
    e.full_name,
    e.given_name,
    e.family_name,
    e.legal_ending,
    case
        when e.customer_type is null and {{ is_among('e.legal_ending', 'v.telling_forms') }}
            then 'organisation'
        else e.customer_type
    end as customer_type,
    {{ without_ending('e.words', 'e.legal_ending') }} as words
from ended as e
cross join vocabulary as v
