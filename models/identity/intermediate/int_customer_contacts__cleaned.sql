-- How each record's customer is reached: e-mail and postal address. Telephone numbers are a
-- library's business.
with

records as (
    select r.*
    from {{ ref('int_customer_records__current') }} as r
    where {{ is_not_held('r') }}
),

vocabulary as (
    select
        {{ list_of('placeholder_values', 'value', "kind = 'email'") }} as placeholder_emails,
        {{ list_of('placeholder_values', 'value', "kind = 'email_local'") }} as placeholder_boxes,
        {{ list_of('placeholder_values', 'value', "kind = 'email_domain'") }} as placeholder_hosts,
        {{ list_of('role_mailboxes', 'mailbox') }} as role_mailboxes,
        {{ list_of('road_words', 'road_word', "place = 'ending'") }} as road_endings
),

road_words as (
    select * from {{ ref('road_words') }}
),

tidied as (
    select
        record_key,
        load_id,
        source_line_number,
        nullif(lower({{ stripped('email') }}), '') as email,
        {{ tidy('address_line') }} as address_line,
        {{ tidy('city') }} as city,
        {{ capitals_and_digits(tidy('postal_code')) }} as postal_code_key
    from records
),

-- A number stands before the street, behind it, or in Chinese before 号.
parted as (
    select
        record_key,
        load_id,
        source_line_number,
        email,
        address_line,
        postal_code_key,
        split_part(email, '@', 1) as mailbox,
        split_part(email, '@', 2) as email_domain,
        {{ match_form('city') }} as city_words,
        {{ street_part('address_line') }} as street_part
    from tidied
),

numbered as (
    select
        record_key,
        load_id,
        source_line_number,
        email,
        mailbox,
        email_domain,
        postal_code_key,
        city_words,
        {{ house_number_of('address_line', 'street_part') }} as house_number,
        {{ without_house_number('street_part') }} as street
    from parted
),

compared as (
    select
        *,
        {{ match_form('street') }} as street_words
    from numbered
),

ended as (
    select
        n.*,
        {{ ending_among('n.street_words', 'v.road_endings', 7) }} as road_ending,
        case
            when n.street_words like '% %' then split_part(n.street_words, ' ', -1)
        end as last_word,
        case
            when n.street_words like '% %' then split_part(n.street_words, ' ', 1)
        end as first_word,
        {{ is_among('n.mailbox', 'v.role_mailboxes') }} as is_role_email,
        {{ is_among('n.mailbox', 'v.placeholder_boxes') }}
        or {{ is_among('n.email', 'v.placeholder_emails') }}
        or {{ is_among('n.email_domain', 'v.placeholder_hosts') }} as is_placeholder_email
    from compared as n
    cross join vocabulary as v
)

select
    e.record_key,
    e.load_id,
    e.source_line_number,
    case when not e.is_placeholder_email then e.email end as clean_email,
    case when not e.is_placeholder_email then e.email_domain end as email_domain,
    case
        when l.road_kind is not null
            then concat({{ without_ending('e.street_words', 'e.last_word') }}, ' ', l.road_kind)
        when f.road_kind is not null
            then concat(f.road_kind, substr(e.street_words, length(e.first_word) + 1))
        when g.road_kind is not null
            then concat({{ without_ending('e.street_words', 'e.road_ending') }}, ' ', g.road_kind)
        else e.street_words
    end as street_words,
    e.house_number,
    e.postal_code_key,
    case
        when length(e.city_words) > 2 and right(e.city_words, 1) = '市'
            then substr(e.city_words, 1, length(e.city_words) - 1)
        else e.city_words
    end as city_words,
    e.is_role_email,
    e.is_placeholder_email
from ended as e
left join road_words as l
    on e.last_word = l.road_word
    and l.place = 'last'
left join road_words as f
    on e.first_word = f.road_word
    and f.place = 'first'
left join road_words as g
    on e.road_ending = g.road_word
    and g.place = 'ending'
