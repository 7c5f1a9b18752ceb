"""Tables of databases into landing files: what is new since the last time, by a cursor column.

The landing files are taken like any others (`lake.py`). Rows commit late, so each extraction reads
the declared overlap again and leaves out the rows that it knows unchanged (`extraction_news.py`).
A row that was deleted in the database is not noticed, nor one that changes without its cursor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb

from crm.extraction.database_sql import Cursor, asked
from crm.extraction.databases import DatabaseError, Source, open_database, scrubbed
from crm.extraction.news import Extracted, Fetched, News, copy, landing_folder, overlap
from crm.extraction.state import read_state
from crm.lake.deliveries import emptied
from crm.operation.alerts import Alert
from crm.readers import readers
from crm.readers.headers import judge_header
from crm.settings import Settings


@dataclass(frozen=True)
class Failure:
    """A table that was not extracted, or not wholly. Cause and fix are whole sentences."""

    system: str
    table: str
    cause: str
    fix: str


@dataclass(frozen=True)
class ExtractReport:
    """What one run did. A table without news has neither a file nor a failure."""

    files: tuple[Extracted, ...]
    failures: tuple[Failure, ...]

    @property
    def rows(self) -> int:
        """Rows in all the files."""
        return sum(file.rows for file in self.files)


def alerts(report: ExtractReport, now: dt.datetime) -> list[Alert]:
    """One alert per failure. `now` is an aware instant."""
    return [
        Alert(
            kind="extraction_failed",
            title=f"{failure.system} {failure.table} was not extracted, or not wholly",
            cause=f"{failure.system}/{failure.table}: {failure.cause}",
            fix=failure.fix,
            at=now,
        )
        for failure in report.failures
    ]


def extract(
    settings: Settings,
    sources: Iterable[Source],
    now: dt.datetime,
    progress: Callable[[str, int, int], None] = lambda table, done, total: None,
) -> ExtractReport:
    """Write what is new in each table to `landing/<system>/<table>/<time>.parquet`.

    `now` (with a time zone) names the files and bounds the watermark; `progress` is told each
    table, how many are done and how many there are. What is wrong with one table or database
    becomes a failure and never stops the others.
    """
    files: list[Extracted] = []
    failures: list[Failure] = []
    unreachable: dict[str, DatabaseError] = {}
    ordered = sorted(sources, key=lambda source: (source.system, source.table))
    for done, source in enumerate(ordered, start=1):
        try:
            with closing(_connected(settings, source, unreachable)) as connection:
                written, left_out = _Table(settings, source, now, connection).extract()
            files.extend(written)
            failures.extend(left_out)
        except DatabaseError as error:
            failures.append(Failure(source.system, source.table, error.cause, error.fix))
        except OSError as error:
            cause = f"The landing folder or the state cannot be written: {error}."
            fix = "Make room or mend the rights; then run again."
            failures.append(Failure(source.system, source.table, cause, fix))
        progress(f"{source.system}/{source.table}", done, len(ordered))
    return ExtractReport(tuple(files), tuple(failures))


def _connected(
    settings: Settings, source: Source, unreachable: dict[str, DatabaseError]
) -> duckdb.DuckDBPyConnection:
    """An engine with the source's database; one that was not reached is not tried again."""
    if source.system in unreachable:
        raise unreachable[source.system]
    scratch = settings.raw / "_extracts" / "_work"
    emptied(scratch)
    connection = readers.connect(settings, scratch)
    try:
        open_database(connection, source.database)
    except DatabaseError as error:
        connection.close()
        unreachable[source.system] = error
        raise
    return connection


class _Table:
    """One extraction of one table."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        now: dt.datetime,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.settings = settings
        self.source = source
        self.now = now
        self.connection = connection
        self.name = ".".join(source.extraction.relation)
        self.asked = asked(source)
        self.folder = landing_folder(settings, source)

    def extract(self) -> tuple[list[Extracted], list[Failure]]:
        """Write one landing file where there is news, then the state."""
        for leftover in self.folder.glob("*.extract.part"):
            leftover.unlink()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self._extract()
        except duckdb.Error as error:
            said = str(error)
        # Raised here, where no traceback can lead back to what the scanner said of the URL.
        raise DatabaseError(
            f"{self.name} cannot be read: {scrubbed(said, self.source.database)}",
            fix="See that the user may read the table and that the connection holds.",
        )

    def _extract(self) -> tuple[list[Extracted], list[Failure]]:
        state = read_state(self.connection, self.settings, self.source)
        since = None
        if state is not None and state.watermark is not None:
            since = state.watermark - overlap(self.source)
        self.connection.execute("begin")  # one snapshot of the database for all that is asked
        fetched, without = self._fetch(since)
        self.connection.execute("rollback")
        news = News(self.settings, self.source, self.now, self.connection)
        written = news.deliver(state, fetched)
        failures = []
        if without:
            column = self.source.extraction.cursor
            failures.append(
                Failure(
                    self.source.system,
                    self.source.table,
                    f"{without} rows of {self.name} have no usable {column} and are not extracted.",
                    f"Fill {column} in the database, or choose a cursor that every row has.",
                )
            )
        return ([written] if written else []), failures

    def _fetch(self, since: int | None) -> tuple[Fetched, int]:
        """Copy the rows from `since` on; the columns, and the number of rows without a cursor."""
        found = self._rows(f"select * from {self.asked.columns()}")
        columns = {name: kind for name, kind, _ in found}
        cursor = self._cursor(columns)
        without = 0
        if not all(is_never_null for name, _, is_never_null in found if name == self._column):
            ((without,),) = self._rows(f"select * from {self.asked.unusable(cursor)}")
        question = self.asked.with_nan(columns, since, cursor)
        for (name,) in self._rows(f"select * from {question}") if question else []:
            if name is not None:
                columns[name] = "numeric"  # without digits: it becomes text
        relation = self.asked.rows(columns, since, cursor)
        file = self.folder / f"{self.source.table}.fetched.extract.part"
        copy(self.connection, f"select * from {relation}", file)
        return Fetched(file, tuple(columns), cursor), int(without)

    @property
    def _column(self) -> str:
        return self.source.extraction.cursor

    def _cursor(self, columns: dict[str, str]) -> Cursor:
        """What the cursor counts in. Raises `DatabaseError` where the table is not as declared."""
        if not columns:
            raise DatabaseError(
                f"There is no table {self.name} that the user may see.",
                fix="Mend the declaration's 'from', or give the user the right to read it.",
            )
        if self._column not in columns:
            raise DatabaseError(
                f"{self.name} has no column {self._column}, its cursor.",
                fix=f"Mend the declaration's 'cursor'; the table has {', '.join(columns)}.",
            )
        # Judged before anything is remembered: rows of a file that is refused would not come again.
        reason = judge_header(tuple(columns), self.source.declared)
        if reason is not None:
            raise DatabaseError(
                f"{self.name} has not the columns that are declared. {reason}",
                fix="Mend the table or the declaration; nothing is lost meanwhile.",
            )
        if self.source.declared.file_sequence is not None:
            raise DatabaseError(
                f"{self.source.table} has a file_sequence, which the names of extracts do not fit.",
                fix="Take the file_sequence away: extracts are in the order of their times.",
            )
        kind = columns[self._column]
        cursor = self.asked.cursor_of(kind)
        if cursor is None:
            raise DatabaseError(
                f"{self._column} of {self.name} is of type {kind}, which is no cursor.",
                fix="Choose a column of timestamps, dates or integers that grows with each change.",
            )
        if (cursor is Cursor.INTEGER) != isinstance(self.source.extraction.overlap, int):
            raise DatabaseError(
                f"The overlap of {self.name} does not fit {self._column}, which is of type {kind}.",
                fix="Give a number for integers, else a duration such as '5 minutes'.",
            )
        return cursor

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()
