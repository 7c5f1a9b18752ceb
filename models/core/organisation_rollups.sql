{%- set measures = [
    'contacts', 'orders', 'lines', 'lines_with_rate', 'net_amount_reporting',
    'contact_orders', 'contact_lines', 'contact_lines_with_rate', 'contact_net_amount_reporting',
] %}
with

customer_hierarchy as (
    select * from {{ ref('customer_hierarchy') }}
),

followed as (
    select * from {{ ref('int_organisation_ancestors__followed') }}
),

account_contacts as (
    select * from {{ ref('account_contacts') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

-- An order is what is bought: one that only brings goods back is none, its amount counts.
bought as (
    select
        customer_key,
        system,
        order_id,
        max(case when is_return then 0 else 1 end) as orders,
        count(*) as lines,
        count(net_amount_reporting) as lines_with_rate,
        sum(coalesce(net_amount_reporting, 0)) as net_amount_reporting
    from order_lines
    where is_merchandise
        and customer_key <> {{ unattributed_key() }}
    group by customer_key, system, order_id
),

purchases as (
    select
        customer_key,
        sum(orders) as orders,
        sum(lines) as lines,
        sum(lines_with_rate) as lines_with_rate,
        sum(net_amount_reporting) as net_amount_reporting
    from bought
    group by customer_key
),

persons as (
    select
        organisation_key,
        customer_key,
        max(case when is_primary then 1 else 0 end) = 1 as is_primary
    from account_contacts
    group by organisation_key, customer_key
),

-- What a person buys counts at one organisation, and not here where the buyer is one itself.
buyers as (
    select
        p.organisation_key,
        case when p.is_primary and h.customer_key is null then p.customer_key end as buyer_key
    from persons as p
    left join customer_hierarchy as h
        on p.customer_key = h.customer_key
),

through_persons as (
    select
        p.organisation_key,
        count(*) as contacts,
        sum(b.orders) as orders,
        sum(b.lines) as lines,
        sum(b.lines_with_rate) as lines_with_rate,
        sum(b.net_amount_reporting) as net_amount_reporting
    from buyers as p
    left join purchases as b
        on p.buyer_key = b.customer_key
    group by p.organisation_key
),

own as (
    select
        h.customer_key,
        h.group_key,
        d.first_order_on,
        d.last_order_on,
        coalesce(c.contacts, 0) as contacts,
        coalesce(b.orders, 0) as orders,
        coalesce(b.lines, 0) as lines,
        coalesce(b.lines_with_rate, 0) as lines_with_rate,
        coalesce(b.net_amount_reporting, 0) as net_amount_reporting,
        coalesce(c.orders, 0) as contact_orders,
        coalesce(c.lines, 0) as contact_lines,
        coalesce(c.lines_with_rate, 0) as contact_lines_with_rate,
        coalesce(c.net_amount_reporting, 0) as contact_net_amount_reporting
    from customer_hierarchy as h
    inner join dim_customers as d
        on h.customer_key = d.customer_key
    left join purchases as b
        on h.customer_key = b.customer_key
    left join through_persons as c
        on h.customer_key = c.organisation_key
),

totals as (
    select
        f.ancestor_key,
        min(o.first_order_on) as first_order_on,
        max(o.last_order_on) as last_order_on,
        count(*) as organisations,
        {%- for measure in measures %}
        sum(o.{{ measure }}) as {{ measure }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from followed as f
    inner join own as o
        on f.customer_key = o.customer_key
    group by f.ancestor_key
)

select
    o.customer_key,
    o.group_key,
    o.first_order_on as own_first_order_on,
    o.last_order_on as own_last_order_on,
    t.first_order_on as total_first_order_on,
    t.last_order_on as total_last_order_on,
    cast(1 as bigint) as own_organisations,
    {%- for measure in measures %}
    {{ in_its_type('o', measure) }} as own_{{ measure }},
    {%- endfor %}
    cast(t.organisations as bigint) as total_organisations,
    {%- for measure in measures %}
    {{ in_its_type('t', measure) }} as total_{{ measure }},
    {%- endfor %}
    o.group_key = o.customer_key as is_top
from own as o
inner join totals as t
    on o.customer_key = t.ancestor_key
