-- An order by itself: what its lines say, numbered, with the terms of the seeds. No other order, no
-- customer, rate or clock decides anything here: only orders that are delivered again change.
with

delivered as (
    select *
    from {{ changed_rows(ref('transactions'), ref('arrived_orders'), ['system', 'order_id']) }}
),

product_kinds as (
    select * from {{ ref('product_kinds') }}
),

line_kinds as (
    select * from {{ ref('line_kinds') }}
),

-- Lines without a number are numbered by what they say, never by where they stand in the file:
-- identical lines may swap numbers without anyone being able to tell.
without_number as (
    select
        t.*,
        row_number() over (
            partition by t.system, t.order_id
            order by
                t.product_id nulls last, t.ordered_at nulls last, t.quantity nulls last,
                t.unit_price nulls last, t.line_amount nulls last, t.discount_amount nulls last,
                t.customer_id nulls last, t.currency nulls last, t.line_kind nulls last,
                t.product_name nulls last, t.customer_country nulls last, t.unit_cost nulls last,
                t.channel nulls last, t.store_id nulls last, t.promotion_id nulls last,
                t.original_order_id nulls last, t.updated_at nulls last
        ) as place
    from delivered as t
    where t.line_number is null
),

highest_numbers as (
    select
        t.system,
        t.order_id,
        max(t.line_number) as line_number
    from delivered as t
    where t.line_number is not null
        and exists (
            select 1
            from without_number as w
            where t.system = w.system
                and t.order_id = w.order_id
        )
    group by t.system, t.order_id
),

numbered as (
    select
        t.*,
        cast(null as bigint) as place,
        t.line_number as order_line_number
    from delivered as t
    where t.line_number is not null
    union all
    select
        w.*,
        coalesce(h.line_number, 0) + w.place as order_line_number
    from without_number as w
    left join highest_numbers as h
        on w.system = h.system
        and w.order_id = h.order_id
),

valued as (
    select
        n.*,
        {{ units('n') }} as units,
        {{ net_amount('n') }} as net_amount
    from numbered as n
)

select
    v.system,
    v.order_id,
    v.order_line_number as line_number,
    v.business_unit,
    {{ named_record_key('v.system', 'v.customer_id') }} as record_key,
    {{ product_key('v.system', 'v.product_id') }} as product_key,
    v.product_id,
    v.ordered_on,
    v.ordered_at,
    v.product_name,
    v.customer_country,
    v.currency,
    k.line_kind,
    v.channel,
    v.store_id,
    v.promotion_id,
    v.original_order_id,
    cast(v.units as decimal(18, 4)) as quantity,
    coalesce(
        v.unit_price,
        cast(
            round(cast(v.line_amount as double) / nullif(cast(v.units as double), 0), 6)
            as decimal(18, 6)
        )
    ) as unit_price,
    v.unit_cost,
    v.discount_amount,
    v.net_amount,
    v.units < 0 as is_return,
    k.is_merchandise
from valued as v
left join product_kinds as p
    on v.system = p.system
    and v.product_id = p.product_id
left join line_kinds as k
    on coalesce(v.line_kind, p.line_kind, 'merchandise') = k.line_kind
