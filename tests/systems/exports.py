"""Exports of real systems, landed by hand, and what the warehouse makes of them in memory.

The project's own ingestion, its raw views and its compiled SQL. Not here: full builds, and any
knowledge of one system; what its files look like stands with its tests.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness import Project, Warehouse

from crm.contracts import load_tables
from crm.lake.ingestion import IngestReport, ingest
from crm.settings import Settings

MORNING = dt.datetime(2026, 3, 1, 6, 0, tzinfo=dt.UTC)
D = Decimal


class Exports:
    """A home folder into which exports are dropped, one after the other."""

    def __init__(self, home: Path, project: Project) -> None:
        self.settings = Settings(home=home, settle_seconds=0)
        self.project = project
        self._warehouse: Warehouse | None = None

    def drop(self, path: str, content: str | Path) -> IngestReport:
        """Put a text, or a copy of a file, into the landing folder and take in what is new."""
        file = self.settings.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.write_text(content, encoding="utf-8")
        else:
            shutil.copyfile(content, file)
        self._warehouse = None
        return ingest(self.settings, load_tables(self.settings), MORNING)

    def warehouse(self) -> Warehouse:
        """The warehouse over all that was taken so far."""
        if self._warehouse is None:
            self._warehouse = Warehouse(self.project)
            self._warehouse.register_raw(self.settings)
        return self._warehouse

    def rows(self, model: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
        """Some columns of a model's rows, sorted."""
        return rows(self.warehouse(), model, columns, where)


def rows(
    warehouse: Warehouse, model: str, columns: str = "*", where: str = "true"
) -> list[tuple[Any, ...]]:
    """Some columns of a model's rows, sorted; the model is built if need be."""
    relation = warehouse.build(model).project.node(model).relation
    sql = f"select {columns} from {relation} where {where} order by all"
    return warehouse.con.execute(sql).fetchall()


def header(*parts: str) -> tuple[str, ...]:
    """A header from comma-separated lists of column names."""
    return tuple(name for part in parts for name in part.split(","))


def csv_text(columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> str:
    """A CSV text under a system's real header; what a line does not name is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def pseudonym(email: str) -> str:
    """What stands for an e-mail address as a customer's id."""
    return hashlib.md5(email.encode()).hexdigest()  # noqa: S324


def assert_conserved(warehouse: Warehouse) -> None:
    """Per delivery, rows and money: delivered = accepted + quarantined + superseded."""
    project = warehouse.project
    tests = [n for m in ("loads", "load_amounts") for n in project.tests_of(m) if "parts" in n]
    assert len(tests) == 2
    for test in tests:
        assert warehouse.failures(test) == 0
