"""What `crm status` shows of files that drift and of rows that are held back.

The real way from landed files to the screen, but for dbt: the tables of `quality` are built from
the compiled SQL in memory and published from there.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import duckdb
import pytest
from harness import Warehouse
from landed import MORNING, Landed, as_csv
from rich.console import Console

from crm.contracts import load_tables
from crm.lake.ingestion import ingest
from crm.operation import status
from crm.publication.publishing import Clock, contract_from_manifest, publish

PUBLISHED = ("loads", "quarantined_rows")


def published(warehouse: Warehouse, landed: Landed) -> None:
    """Publish the tables of quality as a build would."""
    landed.settings.build.mkdir(exist_ok=True)
    nodes: dict[str, Any] = {}
    with duckdb.connect(landed.settings.build / "marts.duckdb") as marts:
        marts.execute("create schema quality")
        for name in PUBLISHED:
            warehouse.build(name)
            relation = landed.project.node(name).relation
            rows = warehouse.con.execute(f"from {relation}").to_arrow_table()
            marts.execute(f"create table quality.{name} as from rows")
            columns = warehouse.con.execute(f"describe {relation}").fetchall()
            del rows
            nodes[f"model.crm.{name}"] = {
                "resource_type": "model",
                "database": "marts",
                "schema": "quality",
                "name": name,
                "alias": name,
                "version": None,
                "config": {"materialized": "table", "meta": {}},
                "columns": {
                    column: {"name": column, "data_type": kind, "meta": {}, "config": {"meta": {}}}
                    for column, kind, *_ in columns
                },
            }
    clock = Clock(as_of_date=dt.date(2026, 1, 5), known_at=1)
    publish(landed.settings, "run", clock, contract_from_manifest({"nodes": nodes}), MORNING)


def shown(landed: Landed) -> list[list[str]]:
    """The words of each line of `crm status`, signs of the tables' frames left out."""
    screen = io.StringIO()
    status.show(landed.settings, Console(file=screen, width=300))
    frames = str.maketrans(dict.fromkeys("│┃┏┓┗┛━┳┻┡┩╇├┤┼─└┘┴┬", " "))
    lines = (line.translate(frames).split("  ") for line in screen.getvalue().splitlines())
    return [words for line in lines if (words := [word.strip() for word in line if word.strip()])]


def below(lines: list[list[str]], title: str) -> list[list[str]]:
    """The rows of the table whose title begins so, its header left out."""
    start = next(at for at, words in enumerate(lines) if words[0].startswith(title))
    header = next(at for at, words in enumerate(lines) if at > start and len(words) > 1)
    width = len(lines[header])
    rows = []
    for words in lines[header + 1 :]:
        if len(words) != width:
            break
        rows.append(words)
    return rows


@pytest.fixture
def drifted(landed: Landed) -> Landed:
    """Three files that are fine, have a column more, and miss a required one under its name."""
    good = {"order_id": "a", "ordered_at": "2026-01-05", "unit_price": "1"}
    landed.land(as_csv([good]), "standard/transactions/1.csv")
    more = {**good, "order_id": "b", "colour": "red", "size": "L"}
    landed.land(as_csv([more]), "standard/transactions/2.csv")
    renamed = as_csv([{**good, "order_id": "c"}]).replace("order_id", "order_ref")
    landed.land(renamed, "standard/transactions/3.csv")
    held = [{**good, "order_id": f"d{at}", "unit_price": "x"} for at in range(3)]
    held += [{**good, "order_id": "e", "ordered_at": "soon"}] * 2 + [{**good, "currency": "zzz"}]
    landed.land(as_csv(held) + "torn\n", "standard/transactions/4.csv")
    ingest(landed.settings, load_tables(landed.settings), MORNING)
    published(landed.warehouse(), landed)
    return landed


def test_status_names_new_columns_the_refused_file_and_every_reason_by_its_frequency(
    drifted: Landed,
) -> None:
    lines = shown(drifted)
    source = ["standard", "transactions"]
    assert below(lines, "Columns beyond the contract") == [[*source, "colour, size", "1"]]
    missing = "Column 'order_id' is missing; the nearest delivered is 'order_ref'."
    assert below(lines, "Held back, most frequent reason first") == [
        [*source, "unit_price: not_a_number", "3"],
        [*source, "ordered_at: not_a_timestamp", "2"],
        [*source, "currency: not_allowed", "1"],
        [*source, "unparseable: 1 fields where the header has 4.", "1"],
        [*source, f"unparseable: {missing}", "1"],
    ]
    loads = [words for words in lines if words[0] in "1234" and len(words) == 7]
    assert [words[2:] for words in loads] == [
        ["1", "1", "0", "0", "0"],
        ["1", "1", "0", "0", "0"],
        ["1", "0", "0", "0", "1"],
        ["7", "0", "6", "0", "1"],
    ]
    assert [missing] in lines


def test_what_drifted_is_in_the_lake_and_in_the_record_of_loads(drifted: Landed) -> None:
    raw = drifted.settings.raw / "standard/transactions"
    kept = duckdb.execute(
        f"select colour, size from read_parquet('{raw}/*.parquet', union_by_name = true) "
        "where order_id = 'b'"
    ).fetchall()
    assert kept == [("red", "L")]
    with duckdb.connect(drifted.settings.published / "marts.duckdb", read_only=True) as marts:
        loads = marts.execute(
            "select file, status, extra_columns, accepted from quality.loads order by load_id"
        ).fetchall()
    assert loads == [
        ("1.csv", "taken", None, 1),
        ("2.csv", "taken", "colour, size", 1),
        ("3.csv", "refused", None, 0),
        ("4.csv", "taken", None, 0),
    ]


def test_without_a_fault_there_is_no_table_of_faults(landed: Landed) -> None:
    landed.deliver({"order_id": "a"})
    published(landed.warehouse(), landed)
    titles = [words[0] for words in shown(landed) if len(words) == 1]
    assert "The last 10 loads" in titles
    assert not [title for title in titles if title.startswith(("Held back", "Columns beyond"))]
