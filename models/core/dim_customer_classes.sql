{#- What a class rests on: a word of the customer's, or a number that falls into a band. -#}
{%- set words = {
    'sex': 'gender', 'occupation': 'occupation', 'type': "nullif(d.customer_type, 'unknown')",
    'industry': 'industry', 'region': 'region', 'channel': 'source_channel',
} -%}
{%- set numbers = {
    'age_band': 'cast(extract(year from t.as_of_date) as integer) - d.birth_year',
    'family': 'd.household_size', 'size': 'd.employees',
} %}
with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

clock as (
    select * from {{ ref('clock') }}
),

kinds as (
    select * from {{ ref('customer_class_kinds') }}
),

bands as (
    select * from {{ ref('customer_class_bands') }}
),

told as (
    select
        d.customer_key,
        k.class_kind,
        k.minimum_customers,
        case k.class_kind
            {%- for kind, word in words.items() %}
            when '{{ kind }}' then {{ word if '(' in word else 'd.' ~ word }}
            {%- endfor %}
        end as word,
        case k.class_kind
            {%- for kind, number in numbers.items() %}
            when '{{ kind }}' then {{ number }}
            {%- endfor %}
        end as number
    from dim_customers as d
    cross join clock as t
    cross join kinds as k
    where d.customer_key <> {{ unattributed_key() }}
),

classed as (
    select
        t.customer_key,
        t.class_kind,
        t.minimum_customers,
        coalesce(t.word, b.class_value) as class_value
    from told as t
    left join bands as b
        on t.class_kind = b.class_kind
        and t.number between b.from_value and coalesce(b.to_value, t.number)
    where coalesce(t.word, b.class_value) is not null
),

counted as (
    select
        customer_key,
        class_kind,
        class_value,
        minimum_customers,
        count(*) over (partition by class_kind, class_value) as customers
    from classed
),

large_or_other as (
    select
        customer_key,
        class_kind,
        minimum_customers,
        case when customers >= minimum_customers then class_value else 'other' end as class_value
    from counted
),

shown as (
    select
        customer_key,
        class_kind,
        class_value,
        minimum_customers,
        count(*) over (partition by class_kind, class_value) as customers
    from large_or_other
)

select
    customer_key,
    class_kind,
    class_value,
    customers
from shown
where customers >= minimum_customers
