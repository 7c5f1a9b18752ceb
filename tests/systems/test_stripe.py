"""Stripe's payments, as the dashboard exports them with all columns in UTC."""

from __future__ import annotations

import datetime as dt

import pytest
from exports import D, Exports, assert_conserved, csv_text, header, rows

HEADER = header(
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount",
    "Converted Amount Refunded,Converted Currency,Decline Reason,Description,Fee,Is Link",
    "Link Funding,Mode,PaymentIntent ID,Payment Source Type,Refunded date (UTC)",
    "Statement Descriptor,Status,Seller Message,Taxes On Fee,Customer ID,Customer Description",
    "Customer Email,Invoice ID",
)


def charge(name: str, amount: str, **more: str) -> dict[str, str]:
    """One row of the export: a charge that was paid, but for what `more` says."""
    return {
        "id": name,
        "Created date (UTC)": "2024-05-01 09:12:33",
        "Amount": amount,
        "Amount Refunded": "0.00",
        "Currency": "usd",
        "Captured": "true",
        "Payment Source Type": "card",
        "Status": "Paid",
        "Customer ID": "cus_1",
        "Customer Email": "ann@example.com",
        "Description": "Pro plan for ann@example.com",
        **{key.replace("_", " "): value for key, value in more.items()},
    }


CHARGES = [
    charge("ch_paid", "1,129.50"),
    charge("ch_part", "100.00", Amount_Refunded="40.00", Currency="eur"),
    charge("ch_back", "50.00", Amount_Refunded="50.00"),
    charge("ch_refunded", "60.00", Amount_Refunded="60.00", Status="Refunded"),
    charge("ch_failed", "70.00", Status="Failed"),
    charge("ch_reserved", "80.00", Captured="false"),
    charge("ch_unheard_of", "90.00", Status="Teleported"),
]


def test_a_charge_is_an_order_of_one_line_at_what_was_not_paid_back(exports: Exports) -> None:
    exports.drop("stripe/charges/unified_payments.csv", csv_text(HEADER, CHARGES))
    warehouse = exports.warehouse()
    at = dt.datetime.fromisoformat("2024-05-01 09:12:33")
    columns = "order_id, line_number, customer_id, ordered_at, line_amount, currency, product_name"
    assert rows(warehouse, "transactions", columns) == [
        ("ch_paid", 1, "cus_1", at, D("1129.50"), "USD", None),
        ("ch_part", 1, "cus_1", at, D(60), "EUR", None),
    ]
    assert rows(warehouse, "fct_order_lines", "order_id, quantity, net_amount") == [
        ("ch_paid", D(1), D("1129.50")),
        ("ch_part", D(1), D(60)),
    ]


def test_what_was_not_paid_is_delivered_and_withdrawn_and_conserved(exports: Exports) -> None:
    exports.drop("stripe/charges/unified_payments.csv", csv_text(HEADER, CHARGES))
    warehouse = exports.warehouse()
    judged = rows(warehouse, "transactions_judged", "superseded_because, order_id")
    assert judged == [
        ("withdrawn", "ch_back"),
        ("withdrawn", "ch_failed"),
        ("withdrawn", "ch_refunded"),
        ("withdrawn", "ch_reserved"),
        ("withdrawn", "ch_unheard_of"),
        (None, "ch_paid"),
        (None, "ch_part"),
    ]
    counts = "delivered, accepted, quarantined, superseded, unparseable"
    assert rows(warehouse, "loads", counts) == [(7, 2, 0, 5, 0)]
    assert_conserved(warehouse)


def test_a_pending_charge_counts_once_a_later_export_says_paid(exports: Exports) -> None:
    pending = csv_text(HEADER, [charge("py_1", "20.00", Status="Pending")])
    exports.drop("stripe/charges/may.csv", pending)
    assert exports.rows("transactions", "order_id") == []
    exports.drop("stripe/charges/june.csv", csv_text(HEADER, [charge("py_1", "20.00")]))
    assert exports.rows("transactions", "order_id, line_amount") == [("py_1", D(20))]


def test_a_payment_is_paid_when_it_was_made(exports: Exports) -> None:
    exports.drop("stripe/payments/unified_payments.csv", csv_text(HEADER, CHARGES))
    warehouse = exports.warehouse()
    columns = "payment_id, customer_id, paid_on, method, amount, currency"
    day = dt.date(2024, 5, 1)
    assert rows(warehouse, "payments", columns) == [
        ("ch_paid", "cus_1", day, "card", D("1129.50"), "USD"),
        ("ch_part", "cus_1", day, "card", D(60), "EUR"),
    ]
    assert rows(warehouse, "transactions", "order_id") == []
    assert_conserved(warehouse)


@pytest.mark.parametrize("refunded", ["0.00", "", "0"])
def test_an_amount_that_is_none_is_held_back_as_it_was_written(
    exports: Exports, refunded: str
) -> None:
    line = charge("ch_1", "$20.00", Amount_Refunded=refunded)
    exports.drop("stripe/charges/a.csv", csv_text(HEADER, [line]))
    assert exports.rows("transactions_judged", "reasons, faulty_value") == [
        ("line_amount: not_a_number", "$99.99")
    ]
