"""CDNOW's sample against pandas, and its orders without a number."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from exports import D, Exports, assert_conserved, rows
from harness import Project

HEAD = "master_id,sample_id,date,cds,sales\n"
LINES = [
    "4,1,1997-01-01,2,29.33\n",
    "18,2,1997-01-04,1,0.00\n",
    "18,2,1997-01-04,1,9.77\n",
    "18,2,1997-01-04,1,9.77\n",
]


def test_identical_lines_are_separate_orders_and_an_order_given_free_is_one(
    exports: Exports,
) -> None:
    exports.drop("cdnow/transactions/a.csv", HEAD + "".join(LINES))
    columns = "order_id, line_number, customer_id, ordered_on, quantity, line_amount, currency"
    first, fourth = dt.date(1997, 1, 1), dt.date(1997, 1, 4)
    warehouse = exports.warehouse()
    assert rows(warehouse, "transactions", columns) == [
        ("1-1997-01-01-2-29.33-1", 1, "1", first, D(2), D("29.33"), "USD"),
        ("2-1997-01-04-1-0.00-1", 1, "2", fourth, D(1), D(0), "USD"),
        ("2-1997-01-04-1-9.77-1", 1, "2", fourth, D(1), D("9.77"), "USD"),
        ("2-1997-01-04-1-9.77-2", 1, "2", fourth, D(1), D("9.77"), "USD"),
    ]
    assert rows(warehouse, "customer_days", "ordered_on, orders, is_occasion") == [
        (first, 1, True),
        (fourth, 3, True),
    ]


def test_a_day_of_nothing_but_a_free_order_is_an_occasion(exports: Exports) -> None:
    exports.drop("cdnow/transactions/a.csv", HEAD + LINES[1])
    assert exports.rows("customer_days", "orders, is_occasion") == [(1, True)]


def test_shuffled_lines_are_the_same_orders_and_a_second_copy_adds_none(exports: Exports) -> None:
    exports.drop("cdnow/transactions/a.csv", HEAD + "".join(LINES))
    before = exports.rows("fct_order_lines")
    exports.drop("cdnow/transactions/b.csv", HEAD + "".join(LINES[::-1]))
    warehouse = exports.warehouse()
    assert rows(warehouse, "fct_order_lines") == before
    assert rows(warehouse, "loads", "accepted, superseded") == [(0, 4), (4, 0)]
    assert_conserved(warehouse)


@pytest.fixture(scope="module")
def published(real_data: Path) -> pd.DataFrame:
    file = real_data / "cdnow" / "cdnow_sample.csv.gz"
    text = {"master_id": str, "sample_id": str, "sales": str}
    return pd.read_csv(file, dtype=text, parse_dates=["date"])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, real_data: Path, project: Project) -> Exports:
    exports = Exports(tmp_path_factory.mktemp("cdnow"), project)
    exports.drop(
        "cdnow/transactions/cdnow_sample.csv.gz", real_data / "cdnow" / "cdnow_sample.csv.gz"
    )
    return exports


def test_the_published_figures_are_reproduced(sample: Exports, published: pd.DataFrame) -> None:
    found = "count(*), count(distinct order_id), count(distinct customer_key), sum(net_amount)"
    [(lines, orders, customers, net)] = sample.rows("fct_order_lines", found)
    assert (lines, orders, customers) == (6_919, 6_919, 2_357)
    assert net == sum(map(D, published["sales"])) == D("244091.94")
    days = "count(*), count(case when is_occasion then 1 end), sum(orders), sum(quantity)"
    cds = int(published["cds"].sum())
    assert sample.rows("customer_days", days) == [(6_696, 6_696, 6_919, cds)]
    assert (published["sales"].map(D) == 0).sum() == 8
    assert published.groupby("sample_id")["master_id"].nunique().max() == 1
    assert published.groupby("master_id")["sample_id"].nunique().max() == 1
    assert_conserved(sample.warehouse())


def test_every_customers_every_day_is_that_of_the_file(
    sample: Exports, published: pd.DataFrame
) -> None:
    days = published.assign(cents=(published["sales"].astype(float) * 100).round().astype(int))
    days = days.groupby(["sample_id", "date"]).agg(orders=("cds", "size"), cents=("cents", "sum"))
    expected = {(c, d.date()): tuple(map(int, row)) for (c, d), *row in days.itertuples()}
    found = sample.rows(
        "transactions",
        "customer_id, ordered_on, count(*), cast(sum(line_amount) * 100 as bigint)",
        "true group by customer_id, ordered_on",
    )
    assert {(c, d): (orders, cents) for c, d, orders, cents in found} == expected
