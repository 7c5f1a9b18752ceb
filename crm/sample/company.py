"""A company while it is being written: its scratch database, its batches, its files.

Not here: what is written when (`synthetic.py`), and what stands in the files (the SQL beside it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from crm.sample.landed import Progress, land
from crm.settings import Settings

LARGE = 700_000  # orders, about two million lines: from here on files are Parquet
BATCH = 250_000  # customers
_SQL = Path(__file__).resolve().parent
_FORMATS = {
    ".csv": "format csv, header true",
    ".csv.gz": "format csv, header true, compression gzip",
    ".jsonl": "format json",
    ".parquet": "format parquet, compression zstd",
    # text that is CSV already, quotes and all
    "lines": "format csv, header false, delimiter '\x1f', quote '', escape ''",
}


@dataclass(frozen=True)
class Feed:
    """What is written to files of one feed: the rows of `view`, in the order of `key`."""

    name: str
    view: str
    key: str
    extension: str = ".csv"
    stem: str = ""

    @property
    def file(self) -> str:
        """What the names of its files begin with."""
        return self.stem or f"sample_{self.name}"


@dataclass
class Company:
    """The views of `con` show what the variables let them see: a batch, a period, a delivery."""

    settings: Settings
    con: duckdb.DuckDBPyConnection
    customers: int
    orders: int
    progress: Progress
    files: list[Path] = field(default_factory=list)
    lines: int = 0

    @property
    def is_large(self) -> bool:
        """Whether the files that grow with the customers are Parquet."""
        return self.orders >= LARGE

    def run(self, *names: str) -> None:
        """Execute SQL files of this folder."""
        for name in names:
            self.con.execute((_SQL / f"{name}.sql").read_text(encoding="utf-8"))

    def set(self, **variables: str | float) -> None:
        """Set variables that the views read."""
        for name, value in variables.items():
            self.con.execute(f"set variable {name} = $value", {"value": value})

    def batches(self) -> Iterator[str]:
        """Let the views see one batch of customers after the other; yields what names its files."""
        for number, first in enumerate(range(1, self.customers + 1, BATCH), start=1):
            self.set(first_customer=first, last_customer=min(first + BATCH - 1, self.customers))
            yield f"_{number:03d}" if self.customers > BATCH else ""

    def write(self, feed: Feed, part: str = "", grows: bool = True) -> None:
        """Land what a feed's view shows now; `part` is what tells its file from the others."""
        extension = ".parquet" if self.is_large and grows else feed.extension
        name = f"{feed.file}{part}{extension}"
        self.land(feed.name, name, f"select * from {feed.view} order by {feed.key}", extension)

    def land(self, feed: str, name: str, query: str, extension: str, headers: int = 0) -> None:
        """Land the rows of a query that orders them, so that its bytes are decided."""
        target = self.settings.landing / "standard" / feed / name
        rows = land(target, partial(self.copy, query, _FORMATS[extension])) - headers
        self.progress(f"{target.relative_to(self.settings.landing)}: {rows:,} lines")
        self.files.append(target)
        self.lines += rows

    def plant(self, what: str, key: str) -> None:
        """Write a truth beside the landing folder."""
        target = self.settings.home / "truth" / f"{what}.parquet"
        query = f"select * from truth_{what} order by {key}"
        land(target, partial(self.copy, query, _FORMATS[".parquet"]))

    def copy(self, query: str, options: str, target: Path) -> int:
        """Write the rows of a query to a file; returns how many."""
        path = str(target).replace("'", "''")
        row = self.con.execute(f"copy ({query}) to '{path}' ({options})").fetchone()
        return int(row[0]) if row else 0
