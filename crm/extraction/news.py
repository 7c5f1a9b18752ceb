"""Which of the rows fetched from a table are news, and their way into the landing folder.

The landing file is renamed first and the state replaced next: a kill between the two delivers rows
twice, which the natural keys absorb, and never loses one. How rows are fetched is not known here
(`extraction.py`).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from crm.extraction.database_sql import Cursor
from crm.extraction.databases import Source
from crm.extraction.state import State, write_state
from crm.lake.deliveries import put
from crm.readers.reading import literal
from crm.settings import Settings

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_EARLIEST = (dt.datetime(1000, 1, 1, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
_GREATEST = 2**63 - 1
# Databases compare dates by the day and some times by the millisecond: what is hashed is a little
# more than what will be read again, never less.
_MARGINS = {Cursor.DATE: 86_400_000_000, Cursor.LOCAL_TIME: 2_000, Cursor.INSTANT: 2_000}
_KNOWN = "semi join read_parquet($1) using (row_hash, occurrence)"
_STAMP = "%Y%m%dT%H%M%S%fZ"  # sorts by time, and is a name that the landing folder takes
_OWN_NAME = re.compile(r"(\d{8}T\d{12}Z)\.parquet")


@dataclass(frozen=True)
class Extracted:
    """A landing file that was written. `path` is relative to the landing folder."""

    system: str
    table: str
    path: str
    rows: int


@dataclass(frozen=True)
class Fetched:
    """Rows of a table in a Parquet file: every one from the last watermark less the overlap on."""

    file: Path
    columns: tuple[str, ...]
    cursor: Cursor


class News:
    """The news of one table. `connection` is an engine that keeps time in UTC."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        now: dt.datetime,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        """`now` (with a time zone) names the file and bounds the watermark."""
        self.settings = settings
        self.source = source
        self.now = now
        self.connection = connection
        self.folder = landing_folder(settings, source)

    def deliver(self, state: State | None, fetched: Fetched) -> Extracted | None:
        """Rename what is new of `fetched` into the landing folder, then replace the state."""
        number = _number(_identifier(self.source.extraction.cursor), fetched.cursor)
        before = state.watermark if state else None
        ((total, newest),) = self._rows(
            f"select count(*), max({number}) filter ({number} between {_EARLIEST} and "
            f"{self._latest(fetched.cursor)}) from read_parquet({literal(str(fetched.file))})"
        )
        watermark = max((mark for mark in (before, newest) if mark is not None), default=None)
        again = "true"
        if watermark is not None:
            margin = _MARGINS.get(fetched.cursor, 0)
            again = f"{number} >= {watermark - overlap(self.source) - margin}"
        self._hash_rows(fetched, again, is_first=state is None)
        known = 0
        if state is not None:
            ((known,),) = self._rows(f"select count(*) from looked {_KNOWN}", str(state.file))
        written = self._land(fetched, total, known, state) if total > known else None
        fetched.file.unlink(missing_ok=True)
        if written or state is None or watermark != state.watermark:
            write_state(
                self.connection,
                self.settings,
                self.source,
                watermark,
                "select row_hash, occurrence from looked where is_seen_again",
            )
        return written

    def _hash_rows(self, fetched: Fetched, again: str, *, is_first: bool) -> None:
        """Make `looked`: the hashes of the fetched rows that are compared now or next time."""
        values = ", ".join(f"{_identifier(name)}::varchar" for name in fetched.columns)
        wanted = "where is_seen_again" if is_first else ""
        self.connection.execute(
            "create temp table looked as select *, "
            "row_number() over (partition by row_hash order by line) as occurrence from ("
            f"select file_row_number as line, coalesce({again}, true) as is_seen_again, "
            f"md5(json_array({values})::varchar) as row_hash "
            f"from read_parquet({literal(str(fetched.file))}, file_row_number = true) {wanted})"
        )

    def _land(self, fetched: Fetched, total: int, known: int, state: State | None) -> Extracted:
        """Put the rows that are not known into the landing folder, under the time of this run."""
        if known and state is not None:
            kept = self.folder / f"{self.source.table}.new.extract.part"
            copy(
                self.connection,
                "select * exclude (file_row_number) "
                f"from read_parquet({literal(str(fetched.file))}, file_row_number = true) where "
                f"file_row_number not in (select line from looked {_KNOWN})",
                kept,
                str(state.file),
            )
            kept.replace(fetched.file)
        target = self.folder / f"{self._stamp()}.parquet"
        put(fetched.file, target)
        path = target.relative_to(self.settings.landing).as_posix()
        return Extracted(self.source.system, self.source.table, path, total - known)

    def _stamp(self) -> str:
        """The time of this run, or just after the last file's where a clock was set back."""
        matches = (_OWN_NAME.fullmatch(file.name) for file in self.folder.iterdir())
        newest = max((match[1] for match in matches if match), default="")
        stamp = self.now.astimezone(dt.UTC).strftime(_STAMP)
        if stamp > newest:
            return stamp
        after = dt.datetime.strptime(newest, _STAMP).replace(tzinfo=dt.UTC)
        return (after + dt.timedelta(microseconds=1)).strftime(_STAMP)

    def _latest(self, cursor: Cursor) -> int:
        """The greatest cursor that may be remembered.

        One from the future would hide all that comes before it; such a row is read again each time.
        """
        if cursor is Cursor.INTEGER:
            return _GREATEST
        if cursor is Cursor.INSTANT:
            return (self.now - _EPOCH) // _MICROSECOND
        local = self.now.astimezone(ZoneInfo(self.source.time_zone)).replace(tzinfo=dt.UTC)
        return (local - _EPOCH) // _MICROSECOND

    def _rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, list(values)).fetchall()


def landing_folder(settings: Settings, source: Source) -> Path:
    """Where the files of a table go."""
    return settings.landing / source.system / source.table


def overlap(source: Source) -> int:
    """What is read again, in the unit of the watermark."""
    declared = source.extraction.overlap
    return declared if isinstance(declared, int) else declared // _MICROSECOND


def copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path, *values: str) -> None:
    """Stream the rows of a query into a Parquet file."""
    connection.execute(
        f"copy ({query}) to {literal(str(target))} (format parquet, compression zstd)", list(values)
    )


def _number(column: str, cursor: Cursor) -> str:
    """The cursor of a fetched row as a number; null where it is none that can be compared."""
    if cursor is Cursor.INTEGER:
        return f"try_cast({column} as bigint)"
    at = f"try_cast({column} as timestamptz)"
    return f"case when isfinite({at}) then epoch_us({at}) end"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
