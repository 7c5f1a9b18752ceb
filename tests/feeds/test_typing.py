"""What is read from one value, or which rule it breaks. Each case is a row of one file."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from harness import Project
from landed import Landed, rows_of

D, AT = Decimal, dt.datetime
# column, delivered text, what is read from it
READ: list[tuple[str, str, Any]] = [
    ("order_id", "00042", "00042"),
    ("order_id", "9007199254740993", "9007199254740993"),
    ("order_id", "\u00a0 42 \u2003", "42"),
    ("order_id", "4\u00a02", "4\u00a02"),
    ("customer_id", "Zoe\u0308", "Zo\u00eb"),
    ("customer_id", "NULL", None),
    ("customer_id", "\\N", None),
    ("customer_id", "NA", "NA"),
    ("customer_id", "null", "null"),
    ("product_name", "=1+1", "=1+1"),
    ("product_name", 'say "no", twice', 'say "no", twice'),
    ("unit_price", "1.10", D("1.10")),
    ("unit_price", "+5", D(5)),
    ("unit_price", "-0.000001", D("-0.000001")),
    ("unit_price", "1.1234560000", D("1.123456")),
    ("unit_price", "5.", D(5)),
    ("unit_price", "007", D(7)),
    ("unit_price", "10000000", D(10_000_000)),
    ("quantity", "-1000000", D(-1_000_000)),
    ("quantity", "", None),
    ("line_amount", "0.105", D("0.105")),
    ("line_amount", "999999999.9999", D("999999999.9999")),
    ("line_number", "1.0", 1),
    ("line_number", "0", 0),
    ("line_number", "999999999999999999", 999_999_999_999_999_999),
    ("currency", "EUR", "EUR"),
    ("line_kind", "postage", "postage"),
    ("is_deleted", "N", False),
    ("is_deleted", "0", False),
    ("ordered_at", "2026-01-05", AT(2026, 1, 5)),
    ("ordered_at", "2026-01-05 10:30", AT(2026, 1, 5, 10, 30)),
    ("ordered_at", "2026-01-05T10:30:59.123456", AT(2026, 1, 5, 10, 30, 59, 123456)),
    ("ordered_at", "2026-01-05 10:00:00+02:00", AT(2026, 1, 5, 8)),
    ("ordered_at", "2026-01-05T10:00:00Z", AT(2026, 1, 5, 10)),
    ("ordered_at", "2026-01-05T22:00:00-0530", AT(2026, 1, 6, 3, 30)),
    ("ordered_at", "2026-01-05 10:00:00 +01:00", AT(2026, 1, 5, 9)),
    ("ordered_at", "2026-01-05T10:00Z", AT(2026, 1, 5, 10)),
    ("ordered_at", "2026-01-05 10:00 -0330", AT(2026, 1, 5, 13, 30)),
    ("ordered_at", "2026-01-05 10:00:00.5 UTC", AT(2026, 1, 5, 10, 0, 0, 500000)),
    ("ordered_at", "2024-02-29", AT(2024, 2, 29)),
    ("channel", "\tweb\u3000\r\n", "web"),
    ("channel", "\ufeffa\tb", "a\tb"),
    ("ordered_at", "1990-01-01", AT(1990, 1, 1)),
    ("ordered_at", "2026-03-02 23:59:59", AT(2026, 3, 2, 23, 59, 59)),
]  # fmt: skip
# column, delivered text, the rule it breaks
BROKEN: list[tuple[str, str, str]] = [
    ("order_id", "", "required"),
    ("order_id", " \u00a0", "required"),
    ("order_id", "NULL", "required"),
    ("ordered_at", "", "required"),
    ("unit_price", "1,234.50", "not_a_number"),
    ("unit_price", "1 234.50", "not_a_number"),
    ("unit_price", "(5.00)", "not_a_number"),
    ("unit_price", "€3", "not_a_number"),
    ("unit_price", "1e2", "not_a_number"),
    ("unit_price", "NaN", "not_a_number"),
    ("unit_price", "Infinity", "not_a_number"),
    ("unit_price", "0x10", "not_a_number"),
    ("unit_price", "1,5", "not_a_number"),
    ("unit_price", ".5", "not_a_number"),
    ("unit_price", "--1", "not_a_number"),
    ("unit_price", "\u0661", "not_a_number"),
    ("unit_price", "1.1234567", "too_many_decimals"),
    ("unit_price", "10000000.000001", "out_of_range"),
    ("unit_price", "99999999999999999999999999999999999999999", "out_of_range"),
    ("quantity", "1.00001", "too_many_decimals"),
    ("quantity", "1000000.0001", "out_of_range"),
    ("quantity", "-1000000.0001", "out_of_range"),
    ("line_number", "1.5", "too_many_decimals"),
    ("line_number", "-1", "out_of_range"),
    ("line_number", "9999999999999999999", "out_of_range"),
    ("line_number", "one", "not_a_number"),
    ("unit_cost", "-0.01", "out_of_range"),
    ("currency", "eur", "not_allowed"),
    ("currency", "EURO", "not_allowed"),
    ("line_kind", "Postage", "not_allowed"),
    ("product_name", "a\0b", "nul_byte"),
    ("is_deleted", "maybe", "not_a_boolean"),
    ("ordered_at", "01/02/2026", "not_a_timestamp"),
    ("ordered_at", "2026-1-5", "not_a_timestamp"),
    ("ordered_at", "20260105", "not_a_timestamp"),
    ("ordered_at", "2025-02-29", "not_a_timestamp"),
    ("ordered_at", "2026-13-01", "not_a_timestamp"),
    ("ordered_at", "2026-01-05 24:00:00", "not_a_timestamp"),
    ("ordered_at", "2026-01-05 10:00:00 Europe/Paris", "not_a_timestamp"),
    ("ordered_at", "2026-01-05 10:00:00+99:00", "not_a_timestamp"),
    ("ordered_at", "1767600000", "not_a_timestamp"),
    ("ordered_at", "infinity", "not_a_timestamp"),
    ("ordered_at", "now", "not_a_timestamp"),
    ("ordered_at", "1989-12-31 23:59:59", "out_of_range"),
    ("ordered_at", "1970-01-01", "out_of_range"),
    ("ordered_at", "2026-03-03", "in_the_future"),
    ("ordered_at", "9999-12-31", "in_the_future"),
    ("updated_at", "2026-03-03", "in_the_future"),
]  # fmt: skip
CUSTOMERS_READ: list[tuple[str, str, Any]] = [
    ("customer_type", "person", "person"),
    ("email", "ann@example.com", "ann@example.com"),
    ("registered_on", "1900-01-01", dt.date(1900, 1, 1)),
]
CUSTOMERS_BROKEN: list[tuple[str, str, str]] = [
    ("customer_id", "", "required"),
    ("customer_type", "Person", "not_of_the_form"),
    ("email", "ann", "not_of_the_form"),
    ("email", "ann@a@b", "not_of_the_form"),
    ("registered_on", "2026-01-05 10:00:00", "not_a_date"),
    ("registered_on", "05.01.2026", "not_a_date"),
    ("registered_on", "2026-02-30", "not_a_date"),
    ("registered_on", "1899-12-31", "out_of_range"),
    ("registered_on", "2026-03-03", "in_the_future"),
]
Judged = dict[tuple[str, str], dict[str, Any]]


def one_row_per_case(
    landed: Landed, feed: str, key: str, cases: list[tuple[str, str, Any]]
) -> Judged:
    """All cases in one file: a judged row by column and text."""
    rows = [{key: f"k{n}", column: text} for n, (column, text, _) in enumerate(cases)]
    landed.deliver(*rows, feed=feed)
    judged = landed.judged(feed)
    assert len(judged) == len(cases)
    return {(column, text): row for (column, text, _), row in zip(cases, judged, strict=True)}


@pytest.fixture(scope="module")
def transactions(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    landed = Landed(tmp_path_factory.mktemp("transactions"), project)
    return one_row_per_case(landed, "transactions", "order_id", [*READ, *BROKEN])


@pytest.fixture(scope="module")
def customers(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    landed = Landed(tmp_path_factory.mktemp("customers"), project)
    cases = [*CUSTOMERS_READ, *CUSTOMERS_BROKEN]
    return one_row_per_case(landed, "customers", "customer_id", cases)


@pytest.mark.parametrize(("column", "text", "value"), READ)
def test_a_value_is_read_as_it_was_meant(
    transactions: Judged, column: str, text: str, value: Any
) -> None:
    row = transactions[column, text]
    assert (row["verdict"], row["reasons"], row["as_delivered"]) == ("accepted", None, None)
    assert row[column] == value


@pytest.mark.parametrize(("column", "text", "rule"), BROKEN)
def test_a_value_that_breaks_a_rule_is_held_back_with_its_reason(
    transactions: Judged, column: str, text: str, rule: str
) -> None:
    row = transactions[column, text]
    assert (row["verdict"], row["reasons"]) == ("quarantined", f"{column}: {rule}")
    assert row["faulty_column"] == column


@pytest.mark.parametrize(("column", "text", "value"), CUSTOMERS_READ)
def test_a_customers_value_is_read_as_it_was_meant(
    customers: Judged, column: str, text: str, value: Any
) -> None:
    row = customers[column, text]
    assert (row["verdict"], row["reasons"]) == ("accepted", None)
    assert row[column] == value


@pytest.mark.parametrize(("column", "text", "rule"), CUSTOMERS_BROKEN)
def test_a_customers_value_that_breaks_a_rule_is_held_back_with_its_reason(
    customers: Judged, column: str, text: str, rule: str
) -> None:
    row = customers[column, text]
    assert (row["verdict"], row["reasons"]) == ("quarantined", f"{column}: {rule}")


def test_a_deleted_row_is_no_fault(landed: Landed) -> None:
    landed.deliver({"order_id": "a", "line_number": "1", "is_deleted": "yes"})
    assert landed.verdicts() == [["superseded: withdrawn"]]


def test_a_withdrawal_needs_the_key_and_nothing_else(landed: Landed) -> None:
    landed.deliver({"order_id": "a", "line_number": "1"})
    bare = {"ordered_at": "", "unit_price": "", "quantity": "", "is_deleted": "true"}
    landed.deliver({"order_id": "a", "line_number": "1", **bare}, {"order_id": "", **bare})
    assert landed.verdicts() == [
        ["superseded: newer_version"],
        ["superseded: withdrawn", "quarantined: order_id: required"],
    ]


def test_what_is_no_withdrawal_needs_the_rest_too(landed: Landed) -> None:
    landed.deliver({"order_id": "a", "line_number": "1", "ordered_at": "", "is_deleted": "no"})
    assert landed.verdicts() == [["quarantined: ordered_at: required"]]


def test_every_broken_rule_of_a_row_is_named_and_its_text_is_kept_masked(landed: Landed) -> None:
    landed.deliver(
        {"order_id": "", "unit_price": "£12.50", "line_amount": "x", "customer_id": "Ann Lee"}
    )
    (row,) = landed.judged()
    assert (
        row["reasons"] == "order_id: required, unit_price: not_a_number, line_amount: not_a_number"
    )
    assert row["faulty_column"] == "order_id"
    assert row["faulty_value"] is None
    assert '"unit_price":"£12.50"' in row["as_delivered"]
    landed.deliver({"order_id": "a", "unit_price": "£12.50"})
    assert landed.judged()[-1]["faulty_value"] == "x99.99"


def test_a_price_or_an_amount_is_needed(landed: Landed) -> None:
    landed.deliver(
        {"order_id": "a", "unit_price": "", "line_amount": ""},
        {"order_id": "b", "unit_price": "", "line_amount": "2"},
        {"order_id": "c", "unit_price": "2", "line_amount": ""},
        {"order_id": "d", "unit_price": "x", "line_amount": ""},
    )
    assert landed.verdicts() == [
        [
            "quarantined: unit_price or line_amount: required",
            "accepted",
            "accepted",
            "quarantined: unit_price: not_a_number",
        ]
    ]


def test_the_grace_for_clocks_counts_from_the_delivery(landed: Landed) -> None:
    late = dt.datetime(2026, 3, 1, 23, 59, tzinfo=dt.UTC)
    landed.deliver({"order_id": "a", "ordered_at": "2026-03-02 23:59:59"}, now=late)
    landed.deliver({"order_id": "b", "ordered_at": "2026-03-03 00:00:00"}, now=late)
    landed.deliver(
        {"order_id": "c", "ordered_at": "2026-03-03 00:00:00"}, now=late + dt.timedelta(minutes=1)
    )
    assert landed.verdicts() == [
        ["accepted"],
        ["quarantined: ordered_at: in_the_future"],
        ["accepted"],
    ]


ONLINE_RETAIL = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"


@pytest.mark.parametrize(
    ("text", "instant", "day"),
    [
        ("2010-07-01 00:30:00", AT(2010, 6, 30, 23, 30), dt.date(2010, 7, 1)),
        ("2010-01-01 00:30:00", AT(2010, 1, 1, 0, 30), dt.date(2010, 1, 1)),
        ("2010-06-30T23:30:00Z", AT(2010, 6, 30, 23, 30), dt.date(2010, 7, 1)),
        ("2010-07-01T00:30:00+02:00", AT(2010, 6, 30, 22, 30), dt.date(2010, 6, 30)),
    ],
)
def test_a_days_orders_are_those_of_the_systems_own_calendar(
    landed: Landed, text: str, instant: dt.datetime, day: dt.date
) -> None:
    line = f"489434,85048,LIGHTS,12,{text},6.95,13085,United Kingdom\n"
    landed.land(ONLINE_RETAIL + line, "online_retail/transactions/lines_2010_2011.csv")
    landed.take()
    (row,) = landed.judged()
    assert (row["verdict"], row["ordered_at"], row["ordered_on"]) == ("accepted", instant, day)


@pytest.mark.parametrize(
    ("text", "verdict", "doubts"),
    [
        ("2010-03-28 00:59:59", "accepted", None),
        ("2010-03-28 01:00:00", "quarantined", None),
        ("2010-03-28 01:59:59", "quarantined", None),
        ("2010-03-28 02:00:00", "accepted", None),
        ("2010-10-31 00:59:59", "accepted", None),
        ("2010-10-31 01:00:00", "accepted", "ordered_at: passed_twice_by_the_clock"),
        ("2010-10-31 01:59:59", "accepted", "ordered_at: passed_twice_by_the_clock"),
        ("2010-10-31 02:00:00", "accepted", None),
        ("2010-10-31T01:30:00Z", "accepted", None),
    ],
)
def test_hours_that_the_clock_skips_are_held_back_and_those_it_passes_twice_are_told(
    landed: Landed, text: str, verdict: str, doubts: str | None
) -> None:
    line = f"489434,85048,LIGHTS,12,{text},6.95,13085,United Kingdom\n"
    landed.land(ONLINE_RETAIL + line, "online_retail/transactions/lines_2010_2011.csv")
    landed.take()
    (row,) = landed.judged()
    skipped = "ordered_at: skipped_by_the_clock" if verdict == "quarantined" else None
    assert (row["verdict"], row["reasons"], row["doubts"]) == (verdict, skipped, doubts)
    (load,) = rows_of(landed.warehouse(), "loads")
    assert load["doubtful"] == (1 if doubts else 0)


def test_twins_in_unicode_are_one_customer_and_one_product(landed: Landed) -> None:
    landed.deliver({"customer_id": "Zo\u00eb"}, feed="customers")
    landed.deliver(
        {"order_id": "a", "customer_id": "Zoe\u0308", "product_id": "cafe\u0301"},
        {"order_id": "b", "customer_id": "Zo\u00eb\u00a0", "product_id": "caf\u00e9"},
        {"order_id": "c", "customer_id": "zo\u00eb", "product_id": "Caf\u00e9"},
    )
    warehouse = landed.warehouse().build("fct_order_lines", "dim_customers", "dim_products")
    sales = warehouse.query(
        "select o.order_id, c.customer_id, p.product_id from core.fct_order_lines as o "
        "join core.dim_customers as c using (customer_key) "
        "join core.dim_products as p using (product_key) order by 1"
    )
    assert sales.to_numpy().tolist() == [
        ["a", "Zo\u00eb", "caf\u00e9"],
        ["b", "Zo\u00eb", "caf\u00e9"],
        ["c", "zo\u00eb", "Caf\u00e9"],
    ]
