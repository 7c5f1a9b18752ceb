"""Whatever the rows say: each ends in one place with its reason, and its money goes along.

What was delivered is counted here from the generated rows, in plain Python. The order of rows and
the cutting of files are `test_conservation.py`'s.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness import Project, Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st
from landed import MORNING, VALID, Landed, Row, as_csv, rows_of

from crm.contracts import load_tables
from crm.lake.deliveries import read_deliveries
from crm.lake.ingestion import ingest

FEEDS = ("transactions", "customers", "payments", "interactions")
AS_OF = dt.date(2026, 2, 28)
REPORTING = "GBP"
# Delivered text to what it is worth; none: no amount that a machine may read.
AMOUNTS = {
    "1.10": Decimal("1.10"), "-3": Decimal(-3), "0.0001": Decimal("0.0001"), "+5": Decimal(5),
    "12.500000": Decimal("12.5"), " 7 ": Decimal(7), "": None, "x": None, "1,5": None, "1e2": None,
    "NaN": None, "(5.00)": None, "0.00001": None, "9" * 20: None,
}  # fmt: skip
QUANTITIES = {"2": Decimal(2), "-1": Decimal(-1), "0.5": Decimal("0.5"), "": None, "two": None}
CURRENCIES = {"EUR": "EUR", " USD ": "USD", "eur": "eur", "": REPORTING, "   ": REPORTING}
AMOUNT, CURRENCY = st.sampled_from(list(AMOUNTS)), st.sampled_from(list(CURRENCIES))
MOMENT = st.sampled_from(["2026-01-05 10:00:00", "2026-01-06", "05.01.2026", "9999-12-31", ""])
KEY = st.sampled_from(["k1", "k2", "k3", " k1", ""])
CHANGED = {
    "updated_at": st.sampled_from(["", "", "2026-01-07", "2026-01-08"]),
    "is_deleted": st.sampled_from(["", "", "", "true", "perhaps"]),
}
ROWS = {
    "transactions": {
        "order_id": KEY, "line_number": st.sampled_from(["", "", "1", "2", "1.5"]),
        "ordered_at": MOMENT, "quantity": st.sampled_from(list(QUANTITIES)),
        "unit_price": AMOUNT, "line_amount": AMOUNT, "discount_amount": AMOUNT,
        "currency": CURRENCY, **CHANGED,
    },
    "customers": {"customer_id": KEY, "email": st.sampled_from(["a@b.example", "b"]), **CHANGED},
    "payments": {
        "payment_id": KEY, "amount": AMOUNT, "issued_on": MOMENT, "currency": CURRENCY, **CHANGED,
    },
    "interactions": {
        "interaction_id": KEY, "opened_at": MOMENT, "cost_amount": AMOUNT, "currency": CURRENCY,
        **CHANGED,
    },
}  # fmt: skip
TORN = "torn, and no row"
FILE = {
    feed: st.tuples(
        st.lists(
            st.fixed_dictionaries(columns).map(lambda row, feed=feed: {**VALID[feed], **row}),
            min_size=1,
            max_size=16,
        ),
        st.integers(0, 2),
    )
    for feed, columns in ROWS.items()
}
COUNTS = ("accepted", "quarantined", "superseded", "unparseable")


def worth(feed: str, row: Row) -> Decimal | None:
    """What a delivered row is worth, by the definition of the feed's amount."""
    if feed == "payments":
        return AMOUNTS[row["amount"] or ""]
    if feed == "interactions":
        return AMOUNTS[row["cost_amount"] or ""]
    if feed == "customers":
        return None
    quantity = {"2": Decimal(2), "-1": Decimal(-1), "0.5": Decimal("0.5")}.get(
        row["quantity"] or ""
    )
    price, line, discount = (
        AMOUNTS[row[name] or ""] for name in ("unit_price", "line_amount", "discount_amount")
    )
    # Prices may have two decimals more than amounts.
    price = Decimal("0.00001") if row["unit_price"] == "0.00001" else price
    if quantity is None:
        quantity = Decimal(-1 if line is not None and line < 0 else 1)
    if line is None and price is None:
        return None
    gross = line if line is not None else quantity * (price or 0)
    return (gross - (discount or 0)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@pytest.fixture(scope="module")
def nothing(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """What the feeds that nobody delivers are, made once: it is the same for every example."""
    warehouse = Landed(tmp_path_factory.mktemp("nothing"), project).warehouse()
    others = [
        f"{feed}_{step}" for feed in VALID if feed not in FEEDS for step in ("typed", "judged")
    ]
    warehouse.build(*others)
    return {
        name: warehouse.con.execute(f"from {project.node(name).relation}").to_arrow_table()
        for name in others
    }


def built(landed: Landed, nothing: dict[str, pa.Table]) -> Warehouse:
    warehouse = Warehouse(landed.project, nothing)
    warehouse.register_raw(landed.settings, as_of=AS_OF)
    return warehouse


@settings(max_examples=4, deadline=None)
@given(first=st.fixed_dictionaries(FILE), second=st.fixed_dictionaries(FILE))
def test_every_row_and_every_coin_of_every_delivery_is_accounted_for(
    project: Project,
    nothing: dict[str, pa.Table],
    first: dict[str, tuple[list[Row], int]],
    second: dict[str, tuple[list[Row], int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landed = Landed(Path(folder), project)
        files: list[tuple[str, list[Row], int]] = []
        for at, delivery in enumerate((first, second)):
            for feed in sorted(delivery):
                rows, torn = delivery[feed]
                files.append((feed, rows, torn))
                text = as_csv(rows) + f"{TORN}\n" * torn
                landed.land(text, f"standard/{feed}/{at}.csv")
            landed.take()
        again = ingest(landed.settings, load_tables(landed.settings), MORNING)
        assert (again.deliveries, again.unchanged) == ((), len(files))
        assert len(read_deliveries(landed.settings)) == len(files)
        warehouse = built(landed, nothing)
        assert_rows_are_accounted_for(warehouse, files)
        assert_money_is_accounted_for(warehouse, files)


def assert_rows_are_accounted_for(
    warehouse: Warehouse, files: list[tuple[str, list[Row], int]]
) -> None:
    loads = {load["load_id"]: load for load in rows_of(warehouse, "loads")}
    assert sorted(loads) == list(range(1, len(files) + 1))
    held = Counter(row["load_id"] for row in rows_of(warehouse, "quarantined_rows"))
    for load_id, (feed, rows, torn) in enumerate(files, start=1):
        load = loads[load_id]
        assert load["feed"] == feed
        assert load["delivered"] == len(rows) + torn == sum(load[name] for name in COUNTS)
        assert load["unparseable"] == torn
        assert held[load_id] == load["quarantined"] + torn
    for feed in FEEDS:
        for row in rows_of(warehouse, f"{feed}_judged"):
            why = (row["reasons"] is not None, row["superseded_because"] is not None)
            wanted = {"accepted": (False, False), "quarantined": (True, False)}
            assert why == wanted.get(row["verdict"], (False, True)), row
            assert re.fullmatch(r"(\w[\w ]*: \w+(, )?)*", row["reasons"] or "")


def assert_money_is_accounted_for(
    warehouse: Warehouse, files: list[tuple[str, list[Row], int]]
) -> None:
    delivered: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for load_id, (feed, rows, _) in enumerate(files, start=1):
        for row in rows:
            amount = worth(feed, row)
            if amount is not None:
                delivered[load_id, CURRENCIES[row["currency"] or ""]] += amount
    amounts = rows_of(warehouse, "load_amounts")
    assert {(row["load_id"], row["currency"]): row["delivered_amount"] for row in amounts} == dict(
        delivered
    )
    accepted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in amounts:
        parts = (row[f"{verdict}_amount"] for verdict in COUNTS[:3])
        assert row["delivered_amount"] == sum(parts)
        accepted[files[row["load_id"] - 1][0], row["currency"]] += row["accepted_amount"]
    claimed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for feed, fact, column in (
        ("transactions", "fct_order_lines", "net_amount"),
        ("payments", "fct_payments", "amount"),
        ("interactions", "fct_interactions", "cost_amount"),
    ):
        for row in rows_of(warehouse, fact):
            claimed[feed, row["currency"] or REPORTING] += row[column] or 0
    assert without_zeros(claimed) == without_zeros(accepted)


def without_zeros(amounts: dict[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    return {key: amount for key, amount in amounts.items() if amount}


def test_a_currency_of_blanks_is_none_and_the_reporting_currency_counts(
    landed: Landed, nothing: dict[str, pa.Table]
) -> None:
    blanks = ["   ", "\u3000", "", "NULL"]
    landed.deliver(*({"order_id": f"{at}", "currency": text} for at, text in enumerate(blanks)))
    (row,) = rows_of(built(landed, nothing), "load_amounts")
    assert (row["currency"], row["accepted_amount"]) == (REPORTING, len(blanks))


def test_a_rate_of_nothing_converts_nothing(landed: Landed) -> None:
    rates = {
        "0": "quarantined: exchange_rate: out_of_range",
        "-1": "quarantined: exchange_rate: out_of_range",
        "0.000000001": "quarantined: exchange_rate: too_many_decimals",
        "inf": "quarantined: exchange_rate: not_a_number",
        "": "quarantined: exchange_rate: required",
        "0.00000001": "accepted",
    }
    landed.deliver(
        *(
            {"exchange_rate": rate, "rate_on": f"2026-01-0{day}"}
            for day, rate in enumerate(rates, start=1)
        ),
        feed="exchange_rates",
    )
    assert landed.verdicts("exchange_rates") == [list(rates.values())]


def test_ids_that_differ_in_case_or_width_are_different_customers(landed: Landed) -> None:
    ids = ["a1", "A1", "\uff21\uff11", "a 1", "0a1"]
    landed.deliver(*({"customer_id": key} for key in ids), feed="customers")
    landed.deliver(*({"order_id": key, "customer_id": key} for key in ids))
    customers = rows_of(landed.warehouse(), "dim_customers")
    known = {
        row["customer_id"]: row["customer_key"] for row in customers if row["customer_key"] > 0
    }
    assert sorted(known) == sorted(ids)
    assert len(set(known.values())) == len(ids)


def test_numbers_that_are_none_in_parquet_are_held_back_and_hide_no_sum(
    landed: Landed, nothing: dict[str, pa.Table]
) -> None:
    folder = landed.settings.landing / "standard/transactions"
    folder.mkdir(parents=True)
    prices: dict[str, Any] = {
        "fine": 1.5, "dust": 1.5e-13, "nan": float("nan"), "inf": float("inf"), "big": 1e300,
    }  # fmt: skip
    instants = pa.array([1_767_607_200_123_456_789] * 5, pa.timestamp("ns"))
    table = pa.table(
        {"order_id": list(prices), "ordered_at": instants, "unit_price": list(prices.values())}
    )
    pq.write_table(table, folder / "a.parquet")
    landed.take()
    warehouse = built(landed, nothing)
    verdicts = {
        row["order_id"]: row["reasons"] for row in rows_of(warehouse, "transactions_judged")
    }
    not_a_number = "unit_price: not_a_number"
    assert verdicts == {"fine": None, **dict.fromkeys(list(prices)[1:], not_a_number)}
    (amount,) = rows_of(warehouse, "load_amounts")
    assert (amount["rows_with_amount"], amount["delivered_amount"]) == (1, Decimal("1.5"))
    (line,) = rows_of(warehouse, "fct_order_lines")
    assert line["ordered_at"].isoformat() == "2026-01-05T10:00:00.123456"


def test_the_zone_of_the_session_changes_nothing(
    landed: Landed, nothing: dict[str, pa.Table]
) -> None:
    landed.deliver(
        {"order_id": "a", "ordered_at": "2026-01-05 23:30:00"},
        {"order_id": "b", "ordered_at": "2026-01-05T23:30:00-05:00"},
    )
    landed.land(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "1,2,LAMP,1,2010-07-01 00:30:00,6.95,13085,United Kingdom\n",
        "online_retail/transactions/x_2010_2011.csv",
    )
    file = landed.settings.landing / "standard/transactions/typed.parquet"
    instants = pa.array([1_767_655_800_000_000], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"order_id": ["c"], "ordered_at": instants, "unit_price": [1]}), file)
    landed.take()
    found = []
    for zone in ("UTC", "America/New_York", "Asia/Shanghai"):
        warehouse = built(landed, nothing)
        warehouse.con.execute(f"set TimeZone = '{zone}'")
        lines = rows_of(warehouse, "fct_order_lines", order_by="order_id")
        found.append(
            [(row["order_id"], f"{row['ordered_at']}", row["ordered_on"]) for row in lines]
        )
    assert (
        found[0]
        == found[1]
        == found[2]
        == [
            ("1", "2010-06-30 23:30:00", dt.date(2010, 7, 1)),
            ("a", "2026-01-05 23:30:00", dt.date(2026, 1, 5)),
            ("b", "2026-01-06 04:30:00", dt.date(2026, 1, 6)),
            ("c", "2026-01-05 23:30:00", dt.date(2026, 1, 5)),
        ]
    )
