"""Tables of databases through a whole build: what is new is published, what fails is told."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest
from command import marts, rows
from project_copy import Copy, copied_project

SYSTEM = """
sources:
  - name: {name}
    description: A shop with a database.
    schema: raw
    config:
      meta:
        time_zone: UTC
        business_unit: default
        trust_rank: 50
        database: {{kind: sqlite, url_variable: {variable}}}
    tables:
      - name: sales
        identifier: {name}__sales
        description: One row per sale.
        config:
          meta:
            feed: transactions
            extract: {{from: sales, cursor: id, overlap: 10}}
        columns:
          - {{name: id, description: Number, config: {{meta: {{required: true}}}}}}
          - {{name: buyer, description: Customer}}
          - {{name: sold_at, description: Time, config: {{meta: {{required: true}}}}}}
          - {{name: paid, description: Amount in GBP, config: {{meta: {{required: true}}}}}}
"""
ADAPTER = """select
    _load_id,
    _line_number,
    id as order_id,
    '1' as line_number,
    buyer as customer_id,
    sold_at as ordered_at,
    paid as line_amount
from {{{{ source('{name}', 'sales') }}}}
"""
SALES = [(1, "007", "2026-01-05 10:00:00", "1.10"), (2, None, "2026-01-06 10:00:00", "2.25")]
SECRET = "s3cret"


def add_system(copy: Copy, name: str) -> None:
    folder = copy.root / "models" / "staging" / name
    folder.mkdir()
    declared = SYSTEM.format(name=name, variable=f"{name.upper()}_URL")
    (folder / f"_{name}.yml").write_text(declared, encoding="utf-8")
    adapter = ADAPTER.format(name=name)
    (folder / f"stg_{name}__sales.sql").write_text(adapter, encoding="utf-8")


def sell(database: Path, *sales: tuple[int, str | None, str, str]) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("create table if not exists sales (id integer, buyer, sold_at, paid)")
        connection.executemany("insert into sales values (?, ?, ?, ?)", sales)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = copied_project(tmp_path_factory.mktemp("databases"))
    add_system(copy, "shop")
    add_system(copy, "kiosk")
    (copy.root / "crm.toml").write_text('systems = ["shop", "kiosk"]\n', encoding="utf-8")
    sell(copy.root / "shop.db", *SALES)
    return copy


def build(copy: Copy) -> subprocess.CompletedProcess[str]:
    return copy.run(
        ".venv/bin/crm build",
        SHOP_URL=f"sqlite:///{copy.root}/shop.db",
        KIOSK_URL=f"sqlite:///{copy.root}/{SECRET}.db",
    )


def sold(copy: Copy) -> list[tuple[object, ...]]:
    sql = (
        "select l.system, l.order_id, c.customer_id, l.net_amount::varchar "
        "from core.fct_order_lines as l join core.dim_customers as c using (customer_key) "
        "order by all"
    )
    return rows(marts(copy.root / "data"), sql)


def test_a_database_out_of_reach_is_told_and_everything_else_is_published(copy: Copy) -> None:
    run = build(copy)
    assert run.returncode == 1
    assert "kiosk/sales: " in run.stderr
    assert "what had arrived is published" in run.stderr
    assert SECRET not in run.stdout + run.stderr
    assert sold(copy) == [("shop", "1", "007", "1.1000"), ("shop", "2", "unattributed", "2.2500")]


def test_the_next_build_brings_what_is_new_and_ends_well(copy: Copy) -> None:
    sell(copy.root / f"{SECRET}.db", (1, "k1", "2026-01-07 10:00:00", "5.00"))
    sell(copy.root / "shop.db", (3, "007", "2026-01-08 10:00:00", "0.50"))
    run = build(copy)
    assert run.returncode == 0, run.stderr
    assert sold(copy) == [
        ("kiosk", "1", "k1", "5.0000"),
        ("shop", "1", "007", "1.1000"),
        ("shop", "2", "unattributed", "2.2500"),
        ("shop", "3", "007", "0.5000"),
    ]
    delivered = (
        "select source_table, delivered from quality.loads where system = 'shop' order by load_id"
    )
    assert rows(marts(copy.root / "data"), delivered) == [("sales", 2), ("sales", 1)]
