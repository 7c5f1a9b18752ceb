with

order_lines as (
    select *
    from {{ changed_rows(
        ref('fct_order_lines'), ref('changed_category_customers'), ['customer_key']
    ) }}
),

first_occasions as (
    select
        business_unit,
        customer_key,
        ordered_on
    from {{ changed_rows(
        ref('occasions'), ref('changed_category_customers'), ['customer_key']
    ) }}
    where occasion_number = 1
),

product_categories as (
    select * from {{ ref('product_categories') }}
),

declared_tables as (
    select * from {{ ref('declared_tables') }}
),

settings as (
    select * from {{ ref('cadence_settings') }}
),

histories as (
    select
        system,
        max(history_starts_on) as history_starts_on
    from declared_tables
    group by system
),

first_lines as (
    select
        l.business_unit,
        l.customer_key,
        l.ordered_on,
        l.system,
        p.category,
        l.net_amount_reporting
    from order_lines as l
    inner join first_occasions as f
        on l.business_unit = f.business_unit
        and l.customer_key = f.customer_key
        and l.ordered_on = f.ordered_on
    left join product_categories as p
        on l.product_key = p.product_key
    where l.is_merchandise
),

categories as (
    select
        business_unit,
        customer_key,
        category,
        row_number() over (
            partition by business_unit, customer_key
            order by coalesce(sum(net_amount_reporting), 0) desc, category asc
        ) as preference
    from first_lines
    where category is not null
    group by business_unit, customer_key, category
),

starts as (
    select
        l.business_unit,
        l.customer_key,
        l.ordered_on,
        max(
            case
                when l.ordered_on < {{ add_days('h.history_starts_on', 's.left_truncation_days') }}
                    then 1
                else 0
            end
        ) as left_truncations
    from first_lines as l
    inner join histories as h
        on l.system = h.system
    inner join settings as s
        on l.business_unit = s.business_unit
    group by l.business_unit, l.customer_key, l.ordered_on
)

select
    s.business_unit,
    s.customer_key,
    s.ordered_on as first_occasion_on,
    coalesce(c.category, 'none') as first_category,
    s.left_truncations > 0 as is_left_truncated
from starts as s
left join categories as c
    on s.business_unit = c.business_unit
    and s.customer_key = c.customer_key
    and c.preference = 1
