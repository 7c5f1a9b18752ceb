"""What every reader of a landed file shares: where it writes, what it answers, how it refuses.

Knows no format (`csv_reader.py`, `json_lines.py`, `excel.py`) and no lake (`lake.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.readers.text_rows import TextRows


class NotWholeError(Exception):
    """A file that is not there to its end, or not yet."""


@dataclass(frozen=True)
class Unparseable:
    """One physical line, verbatim, that is part of no record."""

    line_number: int
    line: str
    reason: str


@dataclass(frozen=True)
class Work:
    """The folder in which one file is read. Nothing in it outlives the run."""

    folder: Path

    @property
    def records(self) -> Path:
        """Parquet: the delivered columns and `_line_number`."""
        return self.folder / "records.parquet"

    @property
    def rejects(self) -> Path:
        """Parquet: `line_number`, `line`, `reason`."""
        return self.folder / "rejects.parquet"

    def clear(self) -> None:
        """Leave nothing of the file before."""
        for left in self.folder.iterdir():
            left.unlink()

    def lines_aside(self) -> TextRows:
        """The rejects, to be added to: (line number, [line, reason]). Without any, no file."""
        return TextRows(self.rejects, ("line", "reason"), "line_number", is_wanted_empty=False)


@dataclass(frozen=True)
class Reading:
    """What became of one file. `reason` is null for a file that is taken."""

    records: int
    unparseable: int
    columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    reason: str | None = None
    is_kept_as_bytes: bool = False


def refuse(connection: duckdb.DuckDBPyConnection, reason: str, work: Work) -> Reading:
    """The file as a whole is one thing that could not be read."""
    connection.execute(
        "copy (select null::bigint as line_number, null::varchar as line, $1 as reason) "
        f"to {literal(str(work.rejects))} (format parquet)",
        [reason],
    )
    return Reading(records=0, unparseable=1, reason=reason, is_kept_as_bytes=True)


def refuse_lines(
    lines: Iterable[tuple[int, str, str]], columns: tuple[str, ...], reason: str, work: Work
) -> Reading:
    """Refuse a file and keep each of its data lines: (number, verbatim text, why)."""
    with work.lines_aside() as thrown:
        for number, line, why in lines:
            thrown.add(number, [line, why])
    return Reading(0, thrown.rows, columns, reason=reason)


def copy_rows(connection: duckdb.DuckDBPyConnection, query: str, source: Path, target: Path) -> int:
    """Write what `query` reads from `source` as Parquet, in its order; returns the rows."""
    outcome = connection.execute(
        f"copy ({query}) to {literal(str(target))} (format parquet, compression zstd)",
        [str(source)],
    ).fetchone()
    return int(outcome[0]) if outcome else 0


def literal(text: str) -> str:
    """`text` as a text of SQL."""
    return "'" + text.replace("'", "''") + "'"
