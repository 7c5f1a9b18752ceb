with

order_lines as (
    select *
    from {{ changed_rows(
        ref('int_order_lines__valued'), ref('changed_customers'), ['customer_key']
    ) }}
),

returns as (
    select *
    from order_lines
    where is_return
        and is_merchandise
        and original_order_id is null
        and customer_key <> {{ unattributed_key() }}
),

purchases as (
    select *
    from order_lines
    where not is_return
        and is_merchandise
        and customer_key <> {{ unattributed_key() }}
),

-- A return undoes a line of the same customer, product and price that is not younger and not
-- smaller.
candidates as (
    select
        r.system,
        r.order_id,
        r.line_number,
        r.customer_key,
        r.ordered_at,
        -r.quantity as returned_quantity,
        p.order_id as original_order_id,
        p.line_number as original_line_number,
        p.quantity as purchased_quantity,
        row_number() over (
            partition by r.system, r.order_id, r.line_number
            order by p.ordered_at desc, p.order_id desc, p.quantity asc, p.line_number asc
        ) as nearness
    from returns as r
    inner join purchases as p
        on r.system = p.system
        and r.customer_key = p.customer_key
        and r.product_key = p.product_key
        and r.unit_price = p.unit_price
        and r.ordered_at >= p.ordered_at
        and -r.quantity <= p.quantity
),

nearest as (
    select
        c.*,
        sum(c.returned_quantity) over (
            partition by c.system, c.original_order_id, c.original_line_number
            order by c.ordered_at, c.order_id, c.line_number
            rows between unbounded preceding and current row
        ) as returned_so_far
    from candidates as c
    where c.nearness = 1
)

-- No more comes back than was bought: what exceeds it cannot be told and stays without a link.
select
    system,
    order_id,
    line_number,
    customer_key,
    original_order_id
from nearest
where returned_so_far <= purchased_quantity
