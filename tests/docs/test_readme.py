"""What the README shows runs, and gives what is shown; its tables are those of the code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import documents
import pytest
from command import environment, marts, rows
from pydantic.fields import FieldInfo

from crm.contracts import load_feeds, load_systems
from crm.errors import CrmError
from crm.feeds import needed
from crm.publication.marts import query, render
from crm.settings import PROJECT_ROOT, Settings

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = documents.blocks(README)


def of(language: str) -> list[object]:
    """The blocks of a language, each under its line."""
    return [pytest.param(b, id=f"line {b.line}") for b in BLOCKS if b.language == language]


def run(snippet: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run Python as a reader of the README would, on the warehouse in `home`."""
    return subprocess.run(
        [sys.executable, "-c", snippet],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )


def answer(sql: str, home: Path) -> str:
    """What `crm query` prints."""
    return documents.plain(render(query(Settings(home=home), sql), "table"))


def breaches(table: Iterable[tuple[str, ...]], fields: Mapping[str, FieldInfo]) -> list[str]:
    """Where the README's table of settings differs from the code."""
    told = {row[0].strip("`"): tuple(cell.strip("`") for cell in row[1:]) for row in table}
    found = [f"{name} is not in the README" for name in fields if name not in told]
    for name, (variable, default, meaning) in told.items():
        if name not in fields:
            found.append(f"{name} is no setting")
            continue
        field = fields[name]
        if variable != f"CRM_{name.upper()}":
            found.append(f"{name} is not set by {variable}")
        if default != ("" if field.default is None else str(field.default)):
            found.append(f"{name} has the default {field.default}")
        if not meaning or (
            field.description and field.description.replace("`", "") != meaning.replace("`", "")
        ):
            found.append(f"{name} means: {field.description}")
    return found


@pytest.mark.parametrize("block", of("python"))
def test_python_runs_and_shows_something(block, sample_home):
    shown = run(block.text, sample_home)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.strip() != ""


def test_python_that_fails_is_noticed(sample_home):
    assert run("import duckdb; duckdb.sql('select * from nothing')", sample_home).returncode == 1


@pytest.mark.parametrize("block", of("sql"))
def test_sql_gives_what_is_shown_below_it(block, sample_home):
    [shown] = [after for before, after in pairwise(BLOCKS) if before is block]
    assert shown.language == "text"
    assert answer(block.text, sample_home) == documents.plain(shown.text)


def test_sql_that_fails_or_gives_something_else_is_noticed(sample_home):
    with pytest.raises(CrmError):
        answer("select segmnet from rfm.rfm_customers", sample_home)
    sql = "select label_en from rfm.rfm_segments order by position"
    assert answer(f"{sql} limit 3", sample_home) != answer(f"{sql} limit 2", sample_home)


def test_the_published_tables_are_those_that_are_listed(sample_home):
    listed = {row[0].strip("`") for row in documents.tables(README)[0]}
    sql = "select schema_name || '.' || table_name from duckdb_tables()"
    assert listed == {table for (table,) in rows(marts(sample_home), sql)}


def test_the_feeds_and_what_they_need_are_those_of_the_contracts():
    [told] = [t for t in documents.tables(README) if ("`transactions`" in [row[0] for row in t])]
    assert {row[0].strip("`"): row[1].replace("`", "") for row in told} == {
        name: needed(feed) for name, feed in load_feeds().items()
    }


def test_the_systems_are_those_that_come_with_the_project():
    [told] = [t for t in documents.tables(README) if ("`shopify`" in [row[0] for row in t])]
    assert {row[0].strip("`") for row in told} == set(load_systems(Settings()))


def test_the_settings_are_those_of_the_code():
    [table] = documents.tables(documents.section(README, "Settings"))
    assert breaches(table, Settings.model_fields) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("`threads`", "`CRM_THREAD`", "`2`", "x"), ["threads is not set by CRM_THREAD"]),
        (("`threads`", "`CRM_THREADS`", "`3`", "x"), ["threads has the default 2"]),
        (
            ("`thread`", "`CRM_THREAD`", "", "x"),
            ["threads is not in the README", "thread is no setting"],
        ),
        (("`threads`", "`CRM_THREADS`", "`2`", "y"), ["threads means: x"]),
        (("`threads`", "`CRM_THREADS`", "`2`", "x"), []),
    ],
)
def test_a_setting_that_differs_is_found(row, told):
    assert breaches([row], {"threads": FieldInfo(default=2, description="x")}) == told
