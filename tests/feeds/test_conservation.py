"""Nothing is lost, nothing doubled, and nothing depends on how files were cut or sorted."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from harness import Project, Warehouse, compiled_project
from hypothesis import given, settings
from hypothesis import strategies as st
from landed import Landed, Row, rows_of

FACTS = ("transactions", "fct_order_lines", "fct_orders", "dim_customers", "dim_products")
PROVENANCE = ("load_id", "source_line_number")
LAST_DAY = dt.date(2026, 1, 20)


def test_what_is_delivered_is_accepted_held_back_or_replaced_row_by_row_and_coin_by_coin(
    landed: Landed,
) -> None:
    landed.deliver(
        {"order_id": "a", "line_number": "1", "unit_price": "10.10", "currency": "EUR"},
        {"order_id": "a", "line_number": "2", "unit_price": "0.07", "currency": "GBP"},
        {"order_id": "b", "unit_price": "5.00", "currency": "gbp"},
        {"order_id": "c", "unit_price": "(5.00)"},
        {"order_id": "d", "unit_price": "2.00", "discount_amount": "0.50"},
    )
    landed.deliver({"order_id": "a", "line_number": "1", "unit_price": "9.10", "currency": "EUR"})
    warehouse = landed.warehouse()
    counts = ("delivered", "accepted", "quarantined", "superseded", "unparseable")
    assert [tuple(load[name] for name in counts) for load in rows_of(warehouse, "loads")] == [
        (5, 2, 2, 1, 0),
        (1, 1, 0, 0, 0),
    ]
    moneys = [tuple(row.values()) for row in rows_of(warehouse, "load_amounts")]
    d = Decimal
    assert moneys == [
        (1, "EUR", 1, d("10.10"), d(0), d(0), d("10.10")),
        (1, "GBP", 2, d("1.57"), d("1.57"), d(0), d(0)),
        (1, "gbp", 1, d("5.00"), d(0), d("5.00"), d(0)),
        (2, "EUR", 1, d("9.10"), d("9.10"), d(0), d(0)),
    ]
    held_back = rows_of(warehouse, "quarantined_rows")
    assert [(row["line_number"], row["reasons"], row["masked_value"]) for row in held_back] == [
        (4, "currency: not_allowed", "xxx"),
        (5, "unit_price: not_a_number", "(9.99)"),
    ]
    for test in project_tests(warehouse):
        assert warehouse.failures(test) == 0


def project_tests(warehouse: Warehouse) -> list[str]:
    """The invariants of rows and money, and the two tests over several models."""
    project = warehouse.project
    found = [n for m in ("loads", "load_amounts") for n in project.tests_of(m) if "parts" in n]
    assert len(found) == 2
    return [*found, "accepted_rows_are_order_lines", "order_lines_are_customer_days"]


def test_a_line_that_cannot_be_parted_counts_as_delivered(landed: Landed) -> None:
    landed.land(
        "order_id,ordered_at,unit_price\na,2026-01-05,1\nb,2026-01-05,1,2,3\nc,2026-01-05,1\n",
        "standard/transactions/torn.csv",
    )
    landed.take()
    warehouse = landed.warehouse()
    (load,) = rows_of(warehouse, "loads")
    assert (load["delivered"], load["accepted"], load["unparseable"]) == (3, 2, 1)
    (held_back,) = rows_of(warehouse, "quarantined_rows")
    assert held_back["line_number"] == 3
    assert held_back["reasons"].startswith("unparseable: ")
    assert held_back["masked_value"] is None
    (verbatim,) = rows_of(warehouse, "quarantined_rows_verbatim")
    assert verbatim["as_delivered"] == "b,2026-01-05,1,2,3"


def test_what_comes_after_the_as_of_date_is_counted_and_in_no_fact(landed: Landed) -> None:
    landed.deliver(
        {"order_id": "a", "ordered_at": "2026-01-20 23:59:59", "customer_id": "c1"},
        {"order_id": "b", "ordered_at": "2026-01-21 00:00:00", "customer_id": "c1"},
    )
    warehouse = landed.warehouse(as_of=LAST_DAY)
    assert [row["order_id"] for row in rows_of(warehouse, "fct_order_lines")] == ["a"]
    (load,) = rows_of(warehouse, "loads")
    assert (load["accepted"], load["after_as_of"]) == (2, 1)
    assert [row["orders"] for row in rows_of(warehouse, "customer_days")] == [1]
    assert warehouse.failures("accepted_rows_are_order_lines") == 0
    newest = landed.warehouse()
    assert len(rows_of(newest, "fct_order_lines")) == 2
    assert rows_of(newest, "clock")[0]["as_of_date"] == dt.date(2026, 1, 21)


def test_what_was_not_known_yet_changes_nothing(landed: Landed) -> None:
    landed.deliver({"order_id": "a", "unit_price": "1"})
    before = facts(landed.warehouse())
    landed.deliver({"order_id": "a", "unit_price": "2"}, {"order_id": "b"})
    assert facts(landed.warehouse(known_at=1)) == before
    assert facts(landed.warehouse()) != before


def test_without_a_delivery_every_model_is_there_and_empty(landed: Landed) -> None:
    warehouse = landed.warehouse()
    for feed in ("customers", "products", "transactions"):
        assert rows_of(warehouse, f"{feed}_judged") == []
    assert rows_of(warehouse, "fct_order_lines") == []
    assert [row["customer_key"] for row in rows_of(warehouse, "dim_customers")] == [-1]
    assert rows_of(warehouse, "clock")[0]["as_of_date"] is None


def test_a_feed_that_no_system_has_is_there_with_its_columns_and_empty(
    tmp_path: Path, project: Project
) -> None:
    some = compiled_project(systems=("online_retail",))
    landed = Landed(tmp_path, some, systems=("online_retail",))
    landed.land(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,LIGHTS,12,2010-07-01 00:30:00,6.95,13085,United Kingdom\n",
        "online_retail/transactions/x_2010_2011.csv",
    )
    landed.take()
    warehouse = landed.warehouse()
    whole = Landed(tmp_path / "whole", project).warehouse()
    for feed in ("customers", "products"):
        assert rows_of(warehouse, f"{feed}_judged") == []
        assert types(warehouse, f"{feed}_typed") == types(whole, f"{feed}_typed")
    (customer,) = (c for c in rows_of(warehouse, "dim_customers") if c["customer_key"] != -1)
    assert (customer["customer_id"], customer["is_inferred"]) == ("13085", True)
    assert len(rows_of(warehouse, "fct_order_lines")) == 1


def types(warehouse: Warehouse, model: str) -> list[tuple[Any, ...]]:
    relation = warehouse.build(model).project.node(model).relation
    return warehouse.con.execute(f"describe {relation}").fetchall()


def facts(warehouse: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """What the marts rest on, without where it came from."""
    return {
        name: sorted(
            (
                {k: v for k, v in row.items() if k not in PROVENANCE}
                for row in rows_of(warehouse, name)
            ),
            key=repr,
        )
        for name in (*FACTS, "customer_days")
    }


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "order_id": st.sampled_from(["o1", "o2", "o3"]),
            "line_number": st.sampled_from(["", "", "1", "2"]),
            "customer_id": st.sampled_from(["c1", "c2", ""]),
            "product_id": st.sampled_from(["p1", "p2", ""]),
            "product_name": st.sampled_from(["", "Lamp", "lamp"]),
            "customer_country": st.sampled_from(["", "France", "Italy"]),
            "quantity": st.sampled_from(["1", "2", "-1", "x"]),
            "unit_price": st.sampled_from(["1.10", "2", ""]),
            "ordered_at": st.sampled_from(["2026-01-05 10:00:00", "2026-02-05"]),
            "updated_at": st.sampled_from(["", "2026-02-06", "2026-02-07"]),
            "is_deleted": st.sampled_from(["", "", "", "true"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(first=ROWS, second=ROWS, chance=st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_a_cut_between_orders_changes_anything(
    project: Project, first: list[Row], second: list[Row], chance: random.Random
) -> None:
    def built(*files: list[Row]) -> dict[str, list[dict[str, Any]]]:
        with tempfile.TemporaryDirectory() as folder:
            landed = Landed(Path(folder), project)
            for rows in files:
                landed.deliver(*rows)
            warehouse = landed.warehouse()
            for test in project_tests(warehouse):
                assert warehouse.failures(test) == 0
            return facts(warehouse)

    whole = built(first, second)
    shuffled = [chance.sample(rows, len(rows)) for rows in (first, second)]
    assert built(*shuffled) == whole
    by_order = [
        [row for row in rows if row["order_id"] == order]
        for rows, order in itertools.product((first, second), ("o2", "o3", "o1"))
    ]
    assert built(*filter(None, by_order)) == whole


def test_the_same_rows_in_another_cut_of_one_order_do_matter(landed: Landed) -> None:
    """What the property above leaves out on purpose: an order delivered twice replaces itself."""
    landed.deliver({"order_id": "o"}, {"order_id": "o"})
    landed.deliver({"order_id": "p"})
    landed.deliver({"order_id": "p"})
    lines = [row["order_id"] for row in rows_of(landed.warehouse(), "transactions")]
    assert sorted(lines) == ["o", "o", "p"]


@pytest.mark.parametrize("copies", [1, 3])
def test_lines_without_a_number_are_numbered_by_what_they_say(landed: Landed, copies: int) -> None:
    rows = [{"order_id": "o", "product_id": product} for product in ("b", "a")] * copies
    landed.deliver(*rows)
    found = rows_of(landed.warehouse(), "fct_order_lines", order_by="line_number")
    assert [row["line_number"] for row in found] == list(range(1, 2 * copies + 1))
    keys = [row["product_key"] for row in found]
    assert keys == [keys[0]] * copies + [keys[-1]] * copies
