"""Deliveries overlap: which of several rows stands, and what becomes of the others."""

from __future__ import annotations

import datetime as dt

import pytest
from landed import Landed, Row, rows_of

ACCEPTED = "accepted"
NEWER, WITHDRAWN, DUPLICATE = (
    f"superseded: {because}" for because in ("newer_version", "withdrawn", "duplicate")
)
CONFLICT = "quarantined: order_id and line_number: conflicting_versions"


def line(number: str = "1", price: str = "1.00", **more: str) -> Row:
    """A line of order o with a number."""
    return {"order_id": "o", "line_number": number, "unit_price": price, **more}


def bare(price: str = "1.00", **more: str) -> Row:
    """A line of order o as invoice lists have it, without a number."""
    return line("", price, **more)


CASES: dict[str, list[tuple[list[Row], list[str]]]] = {
    "the later delivery wins where nothing else tells": [
        ([line(price="1")], [NEWER]),
        ([line(price="2")], [ACCEPTED]),
    ],
    "a newer version wins over a later delivery": [
        ([line(updated_at="2026-01-09")], [ACCEPTED]),
        ([line(updated_at="2026-01-08")], [NEWER]),
    ],
    "a version wins over a later delivery that tells none": [
        ([line(updated_at="2026-01-09")], [ACCEPTED]),
        ([line(updated_at="")], [NEWER]),
    ],
    "of one version the later delivery wins": [
        ([line(price="1", updated_at="2026-01-09")], [NEWER]),
        ([line(price="2", updated_at="2026-01-09")], [ACCEPTED]),
    ],
    "the newest of one delivery wins wherever it stands": [
        (
            [line(updated_at="2026-01-09"), line(updated_at="2026-01-08"), line(updated_at="")],
            [ACCEPTED, NEWER, NEWER],
        ),
    ],
    "equal twins count once": [
        ([line(), line(), line("2")], [ACCEPTED, DUPLICATE, ACCEPTED]),
    ],
    "equal twins of a later delivery count once": [
        ([line()], [NEWER]),
        ([line(), line()], [ACCEPTED, DUPLICATE]),
    ],
    "twins that differ are both held back": [
        ([line(price="1"), line(price="2"), line("2")], [CONFLICT, CONFLICT, ACCEPTED]),
    ],
    "twins that differ leave the older version standing": [
        ([line(price="1")], [ACCEPTED]),
        ([line(price="2"), line(price="3")], [CONFLICT, CONFLICT]),
    ],
    "twins that differ are resolved by a later delivery": [
        ([line(price="2"), line(price="3")], [CONFLICT, CONFLICT]),
        ([line(price="1")], [ACCEPTED]),
    ],
    "one of three twins that differs holds back all": [
        ([line(price="1"), line(price="1"), line(price="2")], [CONFLICT] * 3),
    ],
    "twins of two versions are no conflict": [
        (
            [line(price="1", updated_at="2026-01-08"), line(price="2", updated_at="2026-01-09")],
            [NEWER, ACCEPTED],
        ),
    ],
    "a row that breaks a rule replaces nothing": [
        ([line(price="1")], [ACCEPTED]),
        ([line(price="x")], ["quarantined: unit_price: not_a_number"]),
    ],
    "twins that differ replace no lines without numbers": [
        ([bare("1"), bare("2")], [ACCEPTED, ACCEPTED]),
        ([line(price="3"), line(price="4")], [CONFLICT, CONFLICT]),
    ],
    "twins that differ only in where one text ends are no equal twins": [
        (
            [line(channel="a|b", store_id="c"), line(channel="a", store_id="b|c")],
            [CONFLICT, CONFLICT],
        ),
    ],
    "a tilde is not nothing": [
        ([line(channel="~"), line(channel="")], [CONFLICT, CONFLICT]),
    ],
    "a withdrawal takes the line out": [
        ([line(), line("2")], [NEWER, ACCEPTED]),
        ([line(is_deleted="true")], [WITHDRAWN]),
    ],
    "a withdrawn line comes back with a later delivery": [
        ([line(is_deleted="true")], [NEWER]),
        ([line()], [ACCEPTED]),
    ],
    "a withdrawal of an older version withdraws nothing": [
        ([line(updated_at="2026-01-09")], [ACCEPTED]),
        ([line(updated_at="2026-01-08", is_deleted="true")], [NEWER]),
    ],
    "a withdrawal and its opposite in one delivery are a conflict": [
        ([line(), line(is_deleted="true")], [CONFLICT, CONFLICT]),
    ],
    "lines without numbers are replaced as a whole": [
        ([bare("1"), bare("2")], [NEWER, NEWER]),
        ([bare("3")], [ACCEPTED]),
    ],
    "identical lines of one delivery are separate lines": [
        ([bare(), bare()], [ACCEPTED, ACCEPTED]),
    ],
    "identical lines delivered again are still as many": [
        ([bare(), bare()], [NEWER, NEWER]),
        ([bare(), bare()], [ACCEPTED, ACCEPTED]),
    ],
    "lines without numbers replace those with": [
        ([line("1"), line("2")], [NEWER, NEWER]),
        ([bare()], [ACCEPTED]),
    ],
    "lines with numbers replace those without": [
        ([bare(), bare()], [NEWER, NEWER]),
        ([line("1")], [ACCEPTED]),
    ],
    "lines with numbers outlive what they replaced": [
        ([bare()], [NEWER]),
        ([line("1")], [ACCEPTED]),
        ([line("2")], [ACCEPTED]),
    ],
    "lines with and without numbers of one delivery stand beside each other": [
        ([line("1"), bare()], [ACCEPTED, ACCEPTED]),
    ],
    "a whole order is withdrawn": [
        ([bare("1"), bare("2")], [NEWER, NEWER]),
        ([bare(is_deleted="true")], [WITHDRAWN]),
    ],
    "a whole order withdrawn takes its numbered lines along": [
        ([line("1"), line("2")], [NEWER, NEWER]),
        ([bare(is_deleted="true")], [WITHDRAWN]),
    ],
    "an order withdrawn and delivered again stands": [
        ([bare()], [NEWER]),
        ([bare(is_deleted="true")], [NEWER]),
        ([bare("2")], [ACCEPTED]),
    ],
    "lines of other orders are left alone": [
        ([bare(), bare(order_id="p")], [NEWER, ACCEPTED]),
        ([bare()], [ACCEPTED]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("deliveries", CASES.values(), ids=CASES)
def test_of_overlapping_deliveries(
    landed: Landed, deliveries: list[tuple[list[Row], list[str]]]
) -> None:
    for rows, _ in deliveries:
        landed.deliver(*rows)
    assert landed.verdicts() == [verdicts for _, verdicts in deliveries]


def test_a_file_overwritten_and_put_back_is_three_deliveries(landed: Landed) -> None:
    for price in ("1", "2", "1"):
        landed.deliver(line(price=price), name="orders.csv")
    assert landed.verdicts() == [[NEWER], [NEWER], [ACCEPTED]]
    assert [row["unit_price"] for row in landed.judged()] == [1, 2, 1]


ONLINE_RETAIL = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
SHARED = "489434,85048,LIGHTS,{},2010-12-01 07:45:00,6.95,13085,United Kingdom\n"


@pytest.mark.parametrize("first", ["2009_2010", "2010_2011"])
def test_the_sequence_in_the_file_name_wins_over_the_order_of_arrival(
    landed: Landed, first: str
) -> None:
    second = {"2009_2010": "2010_2011", "2010_2011": "2009_2010"}[first]
    for years in (first, second):
        quantity = years[:4]
        path = f"online_retail/transactions/online_retail_ii_{years}.csv"
        landed.land(ONLINE_RETAIL + SHARED.format(quantity), path)
        landed.take()
    (standing,) = (row for row in landed.judged() if row["verdict"] == "accepted")
    assert standing["quantity"] == 2010
    assert standing["load_id"] == (1 if first == "2010_2011" else 2)


def test_an_order_number_belongs_to_its_system(landed: Landed) -> None:
    landed.deliver({"order_id": "489434"})
    landed.land(ONLINE_RETAIL + SHARED.format(1), "online_retail/transactions/x_2010_2011.csv")
    landed.take()
    assert landed.verdicts() == [[ACCEPTED], [ACCEPTED]]


def test_a_newer_customer_record_wins_and_a_withdrawn_one_leaves_its_orders(landed: Landed) -> None:
    landed.deliver(
        {"customer_id": "c1", "country": "France", "updated_at": "2026-02-01"},
        {"customer_id": "c2", "country": "Spain"},
        feed="customers",
    )
    landed.deliver(
        {"customer_id": "c1", "country": "Italy", "updated_at": "2026-01-01"},
        {"customer_id": "c2", "is_deleted": "true"},
        feed="customers",
    )
    landed.deliver({"order_id": "o", "customer_id": "c2"})
    assert landed.verdicts("customers") == [[ACCEPTED, NEWER], [NEWER, WITHDRAWN]]
    warehouse = landed.warehouse(as_of=dt.date(2026, 2, 1))
    customers = {row["customer_id"]: row for row in rows_of(warehouse, "dim_customers")}
    assert customers["c1"]["country"] == "France"
    assert customers["c2"]["is_inferred"] is True
    assert customers["c2"]["country"] is None


def test_customer_records_that_contradict_each_other_are_both_held_back(landed: Landed) -> None:
    landed.deliver(
        {"customer_id": "c1", "country": "France"},
        {"customer_id": "c1", "country": "Italy"},
        feed="customers",
    )
    conflict = "quarantined: customer_id: conflicting_versions"
    assert landed.verdicts("customers") == [[conflict, conflict]]
