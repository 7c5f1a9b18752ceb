"""The scripts that need none of the peers' packages find what pandas finds by hand."""

from __future__ import annotations

import json
import shutil

import duckdb
import pandas as pd
import pytest
from lines_by_pandas import read_lines

from bench.measuring import must_be_equal
from bench.peers import own_rfm, published_rfm, script, totals
from bench.processes import BenchError
from crm.settings import PROJECT_ROOT

AS_OF = "2026-06-14"


@pytest.fixture(scope="module")
def lake(written, tmp_path_factory):
    """The company, and somebody who has brought back and bought nothing in the window."""
    folder = shutil.copytree(written / "history", tmp_path_factory.mktemp("lake") / "files")
    duckdb.execute(
        "copy (select * replace ('99999999' as customer_id, '999999999' as order_id, -quantity as "
        f"quantity) from '{folder}/transactions_2026_06.parquet' where quantity > 0 limit 1) "
        f"to '{folder}/brought_back.parquet' (format parquet)"
    )
    return folder


@pytest.fixture(scope="module")
def days(lake):
    grouped = read_lines(lake).groupby(["customer_id", "ordered_on"], as_index=False)
    days = grouped.agg(quantity=("quantity", "sum"), net_amount=("net_amount", "sum"))
    days["net_amount"] = days["net_amount"].round(2)
    return days.assign(is_occasion=(days["quantity"] > 0) & (days["net_amount"] >= 0))


@pytest.fixture(scope="module")
def by_hand(days):
    """R, F and M a customer at the as-of date, of the last 365 days."""
    end = pd.Timestamp(AS_OF)
    recent = days[days["ordered_on"] > end - pd.Timedelta(days=365)]
    occasions = recent[recent["is_occasion"]].groupby("customer_id")["ordered_on"]
    rfm = pd.DataFrame({"last": occasions.max(), "frequency": occasions.size()})
    money = recent.groupby("customer_id")["net_amount"].sum()
    return rfm.assign(recency_days=(end - rfm["last"]).dt.days, monetary_amount=money)


def said(capsys) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def expected(by_hand) -> dict[str, object]:
    return {
        "customers": len(by_hand),
        "recency_days": int(by_hand["recency_days"].sum()),
        "frequency": int(by_hand["frequency"].sum()),
        "monetary_amount": f"{by_hand['monetary_amount'].sum():.2f}",
    }


def test_the_script_finds_the_rfm_that_pandas_finds(lake, by_hand, capsys):
    script.main(str(lake), AS_OF)
    assert said(capsys) == expected(by_hand)


def test_the_warehouses_days_give_the_rfm_that_pandas_finds(days, by_hand, tmp_path, capsys):
    database = tmp_path / "build.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema customer_base")
        con.register("frame", days)
        con.execute(
            "create table customer_base.customer_days as select customer_id as customer_key, "
            "ordered_on::date as ordered_on, net_amount::decimal(18, 4) as net_amount_reporting, "
            "is_occasion from frame"
        )
    own_rfm.main(str(database), AS_OF)
    assert said(capsys) == expected(by_hand)


def test_the_published_totals_are_of_one_date(by_hand, tmp_path, capsys):
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(marts)) as con:
        con.execute("create schema rfm")
        con.register("frame", by_hand)
        con.execute(
            f"create table rfm.rfm_customers as select date '{AS_OF}' as as_of_date, * from frame"
        )
    published_rfm.main(str(marts), AS_OF)
    assert said(capsys) == expected(by_hand)


def test_the_window_is_that_of_the_seed():
    seed = PROJECT_ROOT / "seeds" / "rfm" / "rfm_settings.csv"
    assert f"*,{totals.WINDOW_DAYS}," in seed.read_text(encoding="utf-8")


def test_totals_that_differ_fail_and_name_who_differs():
    must_be_equal({"published": "a", "Polars": "a"})
    with pytest.raises(BenchError, match="'pandas' finds b, but 'published' a"):
        must_be_equal({"published": "a", "Polars": "a", "pandas": "b"})
