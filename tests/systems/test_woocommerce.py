"""WooCommerce's orders, one row per item, and customers, as the export extension writes them."""

from __future__ import annotations

import datetime as dt

from exports import D, Exports, assert_conserved, csv_text, header, pseudonym, rows

HEADER = header(
    "order_id,order_number,date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total",
    "tax_total,discount_total,order_total,refunded_total,order_currency,payment_method",
    "shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,vat_number",
    "billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode",
    "billing_city,billing_state,billing_country,shipping_first_name,shipping_last_name",
    "shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state",
    "shipping_country,shipping_company,customer_note,item_id,item_product_id,item_name,item_sku",
    "item_price,item_quantity,item_subtotal,item_subtotal_tax,item_total,item_total_tax",
    "item_refunded,item_refunded_qty,item_meta,shipping_items,fee_items,tax_items,coupon_items",
    "order_notes,download_permissions_granted",
)
CUSTOMERS = header(
    "customer_id,first_name,last_name,email,date_registered,billing_first_name",
    "billing_last_name,billing_company,billing_email,billing_phone,billing_address_1",
    "billing_address_2,billing_postcode,billing_city,billing_state,billing_country",
    "shipping_first_name,shipping_last_name,shipping_company,shipping_address_1",
    "shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country",
)
ANN = pseudonym("ann@example.com")


def item(order_id: str, subtotal: str, total: str, **more: str) -> dict[str, str]:
    """One row of the export: the order's fields are on each."""
    return {
        "order_id": order_id,
        "date": "2024-05-01 23:30:00",
        "status": "completed",
        "order_currency": "EUR",
        "customer_id": "12",
        "billing_email": "Ann@example.com",
        "billing_country": "DE",
        "item_id": "501",
        "item_product_id": "77",
        "item_name": "Mug",
        "item_sku": "MUG",
        "item_quantity": "2",
        "item_subtotal": subtotal,
        "item_total": total,
        "item_refunded": "0.00",
        "item_refunded_qty": "0",
        **more,
    }


def test_a_line_has_its_discount_and_no_tax_or_shipping(exports: Exports) -> None:
    line = item("900", "20.00", "15.00", item_total_tax="2.85", shipping_total="4.90")
    exports.drop("woocommerce/orders/orders.csv", csv_text(HEADER, [line]))
    columns = (
        "order_id, line_number, customer_id, ordered_at, ordered_on, product_id, product_name, "
        "customer_country, quantity, line_amount, discount_amount, currency"
    )
    at = dt.datetime.fromisoformat("2024-05-01 23:30:00")
    assert exports.rows("transactions", columns) == [
        ("900", None, ANN, at, at.date(), "MUG", "Mug", "DE", D(2), D(20), D(5), "EUR")
    ]
    assert exports.rows("fct_order_lines", "net_amount") == [(D(15),)]


def test_a_refund_of_an_item_takes_its_units_and_its_money(exports: Exports) -> None:
    line = item("901", "20.00", "15.00", item_refunded="7.50", item_refunded_qty="-1")
    exports.drop("woocommerce/orders/orders.csv", csv_text(HEADER, [line]))
    assert exports.rows("fct_order_lines", "quantity, discount_amount, net_amount") == [
        (D(1), D(5), D("7.50"))
    ]


def test_guests_and_accounts_of_one_address_are_one_customer(exports: Exports) -> None:
    lines = [
        item("1", "5.00", "5.00"),
        item("2", "5.00", "5.00", customer_id="0", billing_email=" ann@example.com"),
        item("3", "5.00", "5.00", customer_id="12", billing_email=""),
        item("4", "5.00", "5.00", customer_id="0", billing_email=""),
        item("5", "5.00", "5.00", item_sku=""),
    ]
    exports.drop("woocommerce/orders/orders.csv", csv_text(HEADER, lines))
    assert exports.rows("transactions", "order_id, customer_id, product_id") == [
        ("1", ANN, "MUG"),
        ("2", ANN, "MUG"),
        ("3", "12", "MUG"),
        ("4", None, "MUG"),
        ("5", ANN, "77"),
    ]


def test_orders_that_nobody_paid_or_that_are_undone_are_withdrawn(exports: Exports) -> None:
    counted = ("processing", "on-hold", "completed")
    withdrawn = ("pending", "failed", "cancelled", "refunded", "trash", "checkout-draft")
    lines = [item(s, "1.00", "1.00", status=s) for s in (*counted, *withdrawn)]
    exports.drop("woocommerce/orders/orders.csv", csv_text(HEADER, lines))
    warehouse = exports.warehouse()
    judged = dict(rows(warehouse, "transactions_judged", "order_id, superseded_because"))
    assert judged == dict.fromkeys(counted) | dict.fromkeys(withdrawn, "withdrawn")
    assert_conserved(warehouse)


def test_an_item_that_was_taken_out_of_an_order_leaves_with_the_next_export(
    exports: Exports,
) -> None:
    two = [item("900", "20.00", "20.00"), item("900", "9.00", "9.00", item_id="502")]
    exports.drop("woocommerce/orders/may.csv", csv_text(HEADER, two))
    exports.drop("woocommerce/orders/june.csv", csv_text(HEADER, two[:1]))
    assert exports.rows("transactions", "order_id, line_amount") == [("900", D(20))]


def test_a_row_that_does_not_fit_is_held_back(exports: Exports) -> None:
    faults = {
        "item_subtotal": "unit_price or line_amount: required",
        "order_currency": "currency: not_allowed",
        "date": "ordered_at: not_a_timestamp",
    }
    lines = [item(column, "5.00", "5.00", **{column: "~"}) for column in faults]
    text = csv_text(HEADER, [*lines, item("whole", "5.00", "5.00")])
    exports.drop("woocommerce/orders/orders.csv", text)
    judged = dict(exports.rows("transactions_judged", "order_id, reasons"))
    assert judged == {**faults, "whole": None}


def test_customers_have_the_key_of_their_orders(exports: Exports) -> None:
    ann = {
        "customer_id": "12",
        "first_name": "Ann",
        "last_name": "Lee",
        "email": "lee@example.com",
        "date_registered": "2023-02-01 10:00:00",
        "billing_email": "ann@example.com",
        "billing_phone": "030 1234",
        "billing_address_1": "Lindenallee 1",
        "billing_postcode": "01234",
        "billing_city": "Dresden",
        "billing_state": "SN",
        "billing_country": "DE",
    }
    bob = {"customer_id": "13", "email": "bob@example.com"}
    exports.drop("woocommerce/customers/customers.csv", csv_text(CUSTOMERS, [ann, bob]))
    columns = (
        "given_name, family_name, email, phone, address_line, postal_code, city, region, "
        "country, registered_on, customer_id"
    )
    street = ("Lindenallee 1", "01234", "Dresden", "SN", "DE", dt.date(2023, 2, 1))
    assert exports.rows("customers", columns) == [
        ("Ann", "Lee", "lee@example.com", "030 1234", *street, ANN),
        (None, None, "bob@example.com", *[None] * 7, pseudonym("bob@example.com")),
    ]
