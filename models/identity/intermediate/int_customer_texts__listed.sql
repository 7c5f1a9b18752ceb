with

records as (
    select * from {{ ref('int_customer_records__current') }}
),

formed_names as (
    select * from {{ ref('int_customer_names__formed') }}
),

split_names as (
    select * from {{ ref('int_customer_names__split') }}
),

contacts as (
    select * from {{ ref('int_customer_contacts__cleaned') }}
),

{%- set han_texts = [
    ('formed_names', "case when customer_type = 'organisation' then words end"),
    ('split_names', 'han_given'),
    ('split_names', 'case when han_family is null then han_text end'),
    ('contacts', 'street_words'),
    ('contacts', 'city_words'),
] %}

texts as (
    {%- for column in ('phone', 'mobile', 'fax') %}
    select
        'phone' as kind,
        {{ column }} as written,
        coalesce(country_code, '') as country_code
    from records
    union all
    {%- endfor %}
    select
        'tax_code' as kind,
        tax_code as written,
        coalesce(country_code, '') as country_code
    from records
    union all
    select
        'han_surname' as kind,
        han_family as written,
        '' as country_code
    from split_names
    {%- for relation, column in han_texts %}
    union all
    select
        'han_text' as kind,
        case when {{ matches(column, han()) }} then {{ column }} end as written,
        '' as country_code
    from {{ relation }}
    {%- endfor %}
)

select distinct
    kind,
    written,
    country_code
from texts
where written is not null
