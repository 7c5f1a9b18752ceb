"""What was wrong and is mended afterwards leaves the marts as if it had come clean.

Whole tables are compared: all of core and RFM. Only what tells of the deliveries themselves (the
schema `quality`, the clock's `known_at`) may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from harness import Project, Warehouse
from landed import MORNING, VALID, Landed, as_csv, rows_of

from crm.contracts import Dialect, SourceTable, load_tables
from crm.lake.deliveries import read_deliveries
from crm.lake.ingestion import Delivery, ingest
from crm.lake.raw_views import register
from crm.settings import Settings

Tables = dict[tuple[str, str], SourceTable]
Marts = dict[str, list[tuple[Any, ...]]]
CUSTOMERS = [
    {"customer_id": "c1", "country": "France", "city": "Orléans"},
    {"customer_id": "c2", "country": "Italy", "city": "Forlì"},
]
ORDERS = [
    {
        "order_id": f"o{at}",
        "line_number": "1",
        "customer_id": f"c{1 + at % 2}",
        "product_id": f"p{at}",
        "unit_price": f"{at}.50",
        "ordered_at": f"2026-0{1 + at % 2}-05",
    }
    for at in range(1, 6)
]
SHOP = "standard/transactions/orders.csv"
OLD = "online_retail/transactions/lines_2010_2011.csv"
OLD_LINES = (
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    "489434,85048,LIGHTS,12,2010-07-01 00:30:00,6.95,13085,United Kingdom\n"
    "489435,85049,LAMP,-1,2010-07-02 08:00:00,2.10,13085,United Kingdom\n"
)


class Mended:
    """A warehouse whose declarations and adapters may change between two deliveries."""

    def __init__(self, home: Path, project: Project, nothing: dict[str, pa.Table]) -> None:
        self.landed = Landed(home, project)
        self.nothing = nothing
        self.tables: Tables = load_tables(self.landed.settings)

    @property
    def settings(self) -> Settings:
        return self.landed.settings

    def declare(self, system: str, table: str, **changes: Any) -> None:
        self.tables[system, table] = replace(self.tables[system, table], **changes)

    def drop(self, path: str, content: str | bytes) -> list[Delivery]:
        """Put a file down and take in whatever is new or read anew."""
        file = self.settings.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.take()

    def take(self) -> list[Delivery]:
        return list(ingest(self.settings, self.tables, MORNING).deliveries)

    def marts(self, adapters: Mapping[str, Callable[[str], str]] | None = None) -> Marts:
        """Every row of core and RFM; `adapters` changes the SQL of staging models by name."""
        project = self.landed.project
        for name, change in (adapters or {}).items():
            node = project.node(name)
            assert change(node.sql) != node.sql
            changed = replace(node, sql=change(node.sql))
            project = Project({**project.nodes, project.ids[name]: changed})
        warehouse = Warehouse(project, self.nothing)
        warehouse.register_raw(self.settings)
        warehouse.con.execute("use build.main")
        register(warehouse.con, self.settings, self.tables)
        return {name: whole(warehouse, name) for name in published(project)}


DELIVERIES = {"known_at", "load_id"}  # columns that name deliveries, not customers or sales


def published(project: Project) -> list[str]:
    """The models of core and RFM by name."""
    return sorted(
        node.name
        for node in project.nodes.values()
        if node.kind == "model" and node.relation.startswith(('"marts"."core"', '"marts"."rfm"'))
    )


def whole(warehouse: Warehouse, name: str) -> list[tuple[Any, ...]]:
    rows = rows_of(warehouse, name)
    return sorted(
        (tuple(value for column, value in row.items() if column not in DELIVERIES) for row in rows),
        key=repr,
    )


@pytest.fixture(scope="module")
def nothing(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """The feeds that no test here delivers, made once: they are as empty in every test."""
    warehouse = Landed(tmp_path_factory.mktemp("nothing"), project).warehouse()
    others = sorted(set(VALID) - {"customers", "transactions"})
    warehouse.build(*others)
    return {
        name: warehouse.con.execute(f"from {project.node(name).relation}").to_arrow_table()
        for name in others
    }


@pytest.fixture(scope="module")
def clean(
    project: Project, nothing: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory
) -> Marts:
    """The marts of everything delivered as it should be."""
    mended = Mended(tmp_path_factory.mktemp("clean"), project, nothing)
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv(ORDERS))
    mended.drop(OLD, OLD_LINES)
    assert [delivery.reason for delivery in read_deliveries(mended.settings)] == [None] * 3
    marts = mended.marts()
    assert [len(marts[name]) for name in ("fct_order_lines", "rfm_customers")] == [7, 2]
    return marts


@pytest.fixture
def mended(tmp_path: Path, project: Project, nothing: dict[str, pa.Table]) -> Mended:
    return Mended(tmp_path, project, nothing)


def test_a_file_refused_for_its_dialect_comes_in_once_that_is_declared(
    mended: Mended, clean: Marts
) -> None:
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    (refused,) = mended.drop(SHOP, as_csv(ORDERS).replace(",", ";"))
    mended.drop(OLD, OLD_LINES)
    assert str(refused.reason).startswith("No column name is known")
    assert mended.marts() != clean
    mended.declare("standard", "transactions", dialect=Dialect(delimiter=";"))
    (taken,) = mended.take()
    assert taken.records == len(ORDERS)
    assert mended.marts() == clean


def test_a_file_refused_for_a_renamed_column_comes_in_once_contract_and_adapter_follow(
    mended: Mended, clean: Marts
) -> None:
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv(ORDERS))
    (refused,) = mended.drop(OLD, OLD_LINES.replace("Customer ID", "Buyer ID"))
    assert refused.reason == "Column 'Customer ID' is missing; the nearest delivered is 'Buyer ID'."
    assert mended.marts() != clean
    columns = tuple(
        replace(column, name="Buyer ID") if column.name == "Customer ID" else column
        for column in mended.tables["online_retail", "transactions"].columns
    )
    mended.declare("online_retail", "transactions", columns=columns)
    (taken,) = mended.take()
    assert (taken.status, taken.extra_columns) == ("taken", ())
    follows = {
        "stg_online_retail__transactions": lambda sql: sql.replace('"Customer ID"', '"Buyer ID"')
    }
    assert mended.marts(follows) == clean


def test_a_wrong_encoding_is_read_again_once_it_is_mended(mended: Mended, clean: Marts) -> None:
    mended.declare("standard", "customers", dialect=Dialect(encoding="latin-1"))
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv(ORDERS))
    mended.drop(OLD, OLD_LINES)
    assert mended.marts() != clean  # towns of strange letters
    mended.declare("standard", "customers", dialect=Dialect())
    (again,) = mended.take()
    assert again.replaces == (1,)
    assert mended.marts() == clean


@pytest.mark.parametrize(
    ("path", "whole_file"), [(SHOP, True), ("standard/transactions/correction.csv", False)]
)
def test_a_row_held_back_comes_in_with_its_correction(
    mended: Mended, clean: Marts, path: str, whole_file: bool
) -> None:
    wrong = [*ORDERS[:2], {**ORDERS[2], "unit_price": "3,50"}, *ORDERS[3:]]
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv(wrong))
    mended.drop(OLD, OLD_LINES)
    mended.drop(path, as_csv(ORDERS if whole_file else ORDERS[2:3]))
    assert mended.marts() == clean


def test_a_mended_adapter_brings_in_what_a_broken_one_held_back(
    mended: Mended, clean: Marts
) -> None:
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv(ORDERS))
    mended.drop(OLD, OLD_LINES)
    broken = {
        "stg_online_retail__transactions": lambda sql: sql.replace(
            "price as unit_price", "'GBP ' || price as unit_price"
        )
    }
    before = mended.marts(broken)
    assert before != clean
    assert len(before["fct_order_lines"]) == len(ORDERS)
    assert mended.marts() == clean


def test_a_column_declared_later_is_read_from_the_files_that_had_it_all_along(
    mended: Mended, clean: Marts
) -> None:
    every = mended.tables["standard", "customers"].columns
    mended.declare(
        "standard", "customers", columns=tuple(column for column in every if column.name != "city")
    )
    (early,) = mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    assert early.extra_columns == ("city",)
    mended.declare("standard", "customers", columns=every)
    mended.drop(SHOP, as_csv(ORDERS))
    mended.drop(OLD, OLD_LINES)
    assert mended.marts() == clean


def test_the_comparison_notices_one_cell(mended: Mended, clean: Marts) -> None:
    mended.drop("standard/customers/people.csv", as_csv(CUSTOMERS))
    mended.drop(SHOP, as_csv([*ORDERS[:-1], {**ORDERS[-1], "unit_price": "5.51"}]))
    mended.drop(OLD, OLD_LINES)
    differs = [name for name, rows in mended.marts().items() if rows != clean[name]]
    assert {"fct_order_lines", "fct_orders", "rfm_customers"} <= set(differs)
    assert "dim_products" not in differs
