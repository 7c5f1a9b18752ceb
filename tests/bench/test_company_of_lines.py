"""The company of the benchmark is what the benchmark says it is."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from bench import company
from bench.peers import floor
from crm.contracts import load_feeds


def test_a_company_is_decided_by_its_size_alone(written, tmp_path):
    company.write(2_000, tmp_path / "history", tmp_path / "next_day")
    files = sorted(file.relative_to(written) for file in written.rglob("*.parquet"))
    assert len(files) == 37
    for file in files:
        pd.testing.assert_frame_equal(
            pd.read_parquet(written / file), pd.read_parquet(tmp_path / file)
        )


def test_every_column_is_one_of_the_contracts(lines):
    known = {column.name for column in load_feeds()["transactions"].columns}
    derived = {"net_amount", "ordered_on"}
    assert set(lines.columns) - derived <= known


def test_a_line_is_known_by_order_and_number_and_an_order_has_three_on_average(lines):
    assert len(lines) == pytest.approx(2_000, abs=5)  # whole orders
    assert not lines.duplicated(["order_id", "line_number"]).any()
    sizes = lines.groupby("order_id").size()
    assert sizes.value_counts().index.sort_values().tolist() == [1, 2, 3, 4, 5]
    assert sizes.mean() == pytest.approx(3, rel=0.01)
    assert (lines.groupby("order_id")["line_number"].max() == sizes).all()


def test_an_order_is_of_one_customer_at_one_time_and_every_customer_orders(lines):
    assert (lines.groupby("order_id")[["customer_id", "ordered_at"]].nunique() == 1).all(axis=None)
    assert lines["customer_id"].nunique() == 2_000 // 20


def test_few_customers_place_most_orders(lines):
    orders = lines.groupby("customer_id")["order_id"].nunique().sort_values(ascending=False)
    assert 0.5 < orders.head(len(orders) // 5).sum() / orders.sum() < 0.8


def test_what_comes_back_was_bought_before_at_that_price(lines):
    back = lines[lines["quantity"] < 0]
    assert 0 < len(back) < 0.04 * len(lines)
    bought = lines[lines["quantity"] > 0]
    told = back[back["original_order_id"].notna()]
    assert 0 < len(told) < len(back)
    key = ["customer_id", "product_id", "unit_price", "line_number"]
    pairs = told.merge(bought, left_on=["original_order_id", *key], right_on=["order_id", *key])
    assert len(pairs) == len(told)
    assert (pairs["net_amount_x"] + pairs["net_amount_y"]).abs().max() < 0.005
    assert (pairs["ordered_at_x"] > pairs["ordered_at_y"]).all()


def test_a_file_holds_a_month(written):
    for file in (written / "history").iterdir():
        days = pd.read_parquet(file)["ordered_at"]
        assert set(days.dt.strftime("%Y_%m")) == {file.stem.removeprefix("transactions_")}


def test_the_day_after_has_a_thousandth_of_the_lines_and_no_other_day(tmp_path):
    company.write(60_000, tmp_path / "history", tmp_path / "next_day")
    (file,) = (tmp_path / "next_day").iterdir()
    day = pd.read_parquet(file)
    assert len(day) == 60
    assert set(day["ordered_at"].dt.date) == {company.NEXT_DAY}


def test_the_floor_sums_as_pandas_does(written, lines):
    with duckdb.connect() as con:
        floor.sum_up(con, str(written / "history"))
        sums = con.table("customer_months").df().set_index(["customer_id", "month"])
    lines = lines.assign(month=lines["ordered_on"].dt.to_period("M").dt.to_timestamp())
    ours = lines.groupby(["customer_id", "month"])["net_amount"].sum()
    assert len(ours) == len(sums)
    assert (ours - sums["net_amount"].astype(float)).abs().max() < 0.005
