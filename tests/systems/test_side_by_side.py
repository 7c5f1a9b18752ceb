"""Several systems in one warehouse: declared once, switched in one line, never mixed up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from exports import D, Exports, assert_conserved, rows
from harness import Project, Warehouse

from crm.contracts import Feed, SourceTable, load_feeds, load_tables, switched_off_systems
from crm.settings import PROJECT_ROOT, Settings, load_settings

RECEIPT = (
    "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,"
    "coupon_match_disc,week,transaction_timestamp\n"
    "17850,309,1,85123A,1,3.50,0.50,0,0,26,2017-06-30 23:30:00\n"
)
INVOICE = (
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    "1,85123a,HEART,2,2011-06-30 23:30:00,2.55,17850,United Kingdom\n"
)
GIVES_MORE = ("_load_id", "_line_number")


def test_zones_currencies_and_business_units_stay_apart(exports: Exports) -> None:
    exports.drop("complete_journey/transactions/t.csv", RECEIPT)
    exports.drop("online_retail/transactions/online_2010_2011.csv", INVOICE)
    warehouse = exports.warehouse()
    columns = (
        "system, business_unit, order_id, ordered_at, ordered_on, currency, net_amount, "
        "net_amount_reporting, discount_amount"
    )
    at = dt.datetime.fromisoformat
    journey = ("1", at("2017-07-01 03:30"), dt.date(2017, 6, 30), "USD", D("3.50"), None, D("0.50"))
    retail = ("1", at("2011-06-30 22:30"), dt.date(2011, 6, 30), "GBP", D("5.10"), D("5.10"), None)
    assert rows(warehouse, "fct_order_lines", columns) == [
        ("complete_journey", "complete_journey", *journey),
        ("online_retail", "default", *retail),
    ]
    # The same ids in two systems are two customers, two products, and two scopes of scoring.
    keys = "count(distinct customer_key), count(distinct product_key), count(distinct order_id)"
    assert rows(warehouse, "fct_order_lines", keys) == [(2, 2, 1)]
    days = "business_unit, ordered_on, orders, net_amount_reporting"
    assert rows(warehouse, "customer_days", days) == [
        ("complete_journey", dt.date(2017, 6, 30), 1, None),
        ("default", dt.date(2011, 6, 30), 1, D("5.10")),
    ]
    assert_conserved(warehouse)


def test_what_a_bare_dbt_sees_are_the_folders() -> None:
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    declared = {
        (system, table): feed
        for system, tables in project["vars"]["systems"].items()
        for table, feed in tables.items()
    }
    tables = load_tables(Settings())
    assert declared == {key: table.feed for key, table in tables.items()}


def test_every_table_that_is_declared_has_its_adapter_and_the_other_way_round(
    project: Project,
) -> None:
    folder = PROJECT_ROOT / "models/staging"
    adapters = {file.stem for file in folder.glob("*/stg_*.sql")}
    tables = load_tables(Settings())
    assert adapters == {f"stg_{system}__{name}" for system, name in tables}
    assert {f"{system}.{name}" for system, name in tables} <= project.ids.keys()


def columns_nobody_reads(
    warehouse: Warehouse,
    tables: Mapping[tuple[str, str], SourceTable],
    feeds: Mapping[str, Feed],
) -> list[str]:
    """Columns that an adapter gives and its feed does not know, `<adapter>.<column>`."""
    found = []
    for (system, name), table in tables.items():
        adapter = f"stg_{system}__{name}"
        known = {*GIVES_MORE, *(column.name for column in feeds[table.feed].columns)}
        given = warehouse.build(adapter).con.execute(
            f"describe {warehouse.project.node(adapter).relation}"
        )
        names = [name.lower() for name, *_ in given.fetchall()]  # as both engines compare them
        found += [f"{adapter}.{name}" for name in names if name not in known]
    return found


def test_every_adapter_runs_before_its_first_file_and_speaks_its_feeds_words(
    exports: Exports,
) -> None:
    warehouse, tables, feeds = exports.warehouse(), load_tables(exports.settings), load_feeds()
    assert columns_nobody_reads(warehouse, tables, feeds) == []
    one = {("shopify", "customers"): tables["shopify", "customers"]}
    assert columns_nobody_reads(warehouse, one, {"customers": feeds["products"]}) != []


@pytest.mark.parametrize("chosen", [("standard", "shopify"), ("cdnow",)], ids=str)
def test_one_line_switches_systems(tmp_path: Path, chosen: tuple[str, ...]) -> None:
    line = f"systems = [{', '.join(map(repr, chosen))}]\n"
    (tmp_path / "crm.toml").write_text(line, encoding="utf-8")
    settings = load_settings(tmp_path / "crm.toml", root=tmp_path)
    everything = {system for system, _ in load_tables(Settings())}
    assert {system for system, _ in load_tables(settings)} == set(chosen)
    assert set(switched_off_systems(settings)) == everything - set(chosen)


def test_files_of_a_system_that_is_off_are_left_where_they_are(exports: Exports) -> None:
    exports.settings = exports.settings.model_copy(update={"systems": ("standard",)})
    report = exports.drop("complete_journey/transactions/t.csv", RECEIPT)
    assert report.deliveries == ()
    exports.settings = exports.settings.model_copy(update={"systems": None})
    report = exports.drop("complete_journey/transactions/t.csv", RECEIPT)
    assert [delivery.status for delivery in report.deliveries] == ["taken"]
