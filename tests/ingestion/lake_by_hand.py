"""A small lake made by hand: deliver bytes, ingest, look at what is in it.

Nothing of the project's own sample or contracts is used here; each test declares its table.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from crm.contracts import Column, Dialect, SourceTable
from crm.lake.ingestion import Delivery, IngestReport, ingest
from crm.settings import Settings

MORNING = dt.datetime(2026, 3, 1, 6, 0, tzinfo=dt.UTC)
LINES = SourceTable(
    system="shop",
    name="transactions",
    feed="transactions",
    columns=(Column("id", is_required=True), Column("amount"), Column("note")),
    require_one_of=(),
    dialect=Dialect(),
    file_sequence=None,
    late_after_hours=None,
)


@dataclass
class Lake:
    """A home folder with one system and feed, and its settings."""

    home: Path
    table: SourceTable = LINES
    options: dict[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(**{"home": self.home, "settle_seconds": 0, **self.options})

    @property
    def folder(self) -> Path:
        return self.settings.landing / self.table.system / self.table.name

    def declare(self, **changes: object) -> None:
        self.table = replace(self.table, **changes)

    def deliver(self, name: str, content: bytes | str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def ingest(
        self,
        now: dt.datetime | None = None,
        progress: Callable[[str, int, int], None] = lambda path, done, total: None,
    ) -> IngestReport:
        tables = {(self.table.system, self.table.name): self.table}
        return ingest(self.settings, tables, now or dt.datetime.now(dt.UTC), progress)

    def take(self, content: bytes | str, name: str = "a.csv") -> Delivery:
        """Deliver one file and ingest it: the one delivery that comes of it."""
        self.deliver(name, content)
        (delivery,) = self.ingest().deliveries
        return delivery

    def rows(self, delivery: Delivery) -> list[tuple[object, ...]]:
        """`(line number, *values)` of a taken delivery, in the order of the Parquet file."""
        file = self.settings.raw / delivery.system / delivery.table
        query = "select _line_number, * exclude (_line_number) from read_parquet(?)"
        return duckdb.execute(query, [str(file / f"{delivery.stored_as}.parquet")]).fetchall()

    def rejects(self, delivery: Delivery) -> list[tuple[object, ...]]:
        """`(line number, line, reason)` of a delivery."""
        file = self.settings.raw / "_rejects" / delivery.system / delivery.table
        path = file / f"{delivery.stored_as}.parquet"
        if not path.exists():
            return []
        return duckdb.execute(
            "select line_number, line, reason from read_parquet($1) "
            "where contract_fingerprint = $2 order by line_number",
            [str(path), delivery.contract_fingerprint],
        ).fetchall()


def physical_lines(text: str) -> list[str]:
    """Lines as every editor counts them, without their endings."""
    lines = re.split(r"\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)
