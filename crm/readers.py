"""One landed file into Parquet: its records, and the lines that are none, each under its number.

Writes two files into a work folder and says what they hold. Which files are read, and what becomes
of the outcome, is the lake's business (`lake.py`); how text is parted, that of `csv_text.py`.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from crm import csv_text
from crm.contracts import SourceTable
from crm.csv_text import Header, Unparseable
from crm.headers import extra_columns, judge_header
from crm.landing import LandingFile
from crm.settings import Settings
from crm.text_rows import TextRows

REJECT_TEXTS = ("line", "reason")
MOST_MISSING_LINES = 10_000  # beyond this, reading line by line is no slower


class NotWholeError(Exception):
    """A file that is not there to its end, or not yet."""


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


@dataclass(frozen=True)
class Reading:
    """What became of one file. `reason` is null for a file that is taken."""

    records: int
    unparseable: int
    columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    reason: str | None = None
    is_kept_as_bytes: bool = False


def connect(settings: Settings, scratch: Path) -> duckdb.DuckDBPyConnection:
    """A private in-memory engine that fetches nothing and keeps time in UTC."""
    connection = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection


def read(
    connection: duckdb.DuckDBPyConnection, file: LandingFile, settings: Settings, work: Work
) -> Reading:
    """Read `file` into `work`, or refuse it with the reason.

    Raises `NotWholeError` for a packed or Parquet file without its end, `duckdb.Error`, `OSError`
    or `pyarrow.ArrowException` where reading itself breaks.
    """
    if file.refusal is not None:
        return refuse(connection, file.refusal, work)
    if file.format == "parquet":
        return _read_parquet(connection, file, work)
    try:
        return _read_csv(connection, file, settings, work)
    except (csv_text.UndecodableError, csv_text.TooLargeError) as error:
        return refuse(connection, str(error), work)


def refuse(connection: duckdb.DuckDBPyConnection, reason: str, work: Work) -> Reading:
    """The file as a whole is one thing that could not be read."""
    connection.execute(
        "copy (select null::bigint as line_number, null::varchar as line, $1 as reason) "
        f"to {_literal(str(work.rejects))} (format parquet)",
        [reason],
    )
    return Reading(records=0, unparseable=1, reason=reason, is_kept_as_bytes=True)


def merge_rejects(
    connection: duckdb.DuckDBPyConnection, work: Work, existing: Path, fingerprint: str
) -> Path:
    """The rejects of this reading, with those that other contracts had for the same content."""
    merged = work.folder / "merged.parquet"
    query = (
        "select line_number, line, reason, "
        f"{_literal(fingerprint)} as contract_fingerprint from read_parquet(?)"
    )
    if existing.exists():
        query += (
            f" union all by name select * from read_parquet({_literal(str(existing))})"
            f" where contract_fingerprint <> {_literal(fingerprint)}"
        )
    _copy(connection, query, work.rejects, merged)
    return merged


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: LandingFile, work: Work) -> Reading:
    try:
        names = tuple(pq.read_schema(file.file).names)
    except pa.ArrowInvalid as error:
        raise NotWholeError(f"It has no readable Parquet footer: {error}") from error
    reason = judge_header(names, file.table)
    if reason is not None:
        return refuse(connection, reason, work)
    records = _copy(
        connection,
        "select * exclude (file_row_number), file_row_number + 1 as _line_number "
        "from read_parquet(?, file_row_number = true)",
        file.file,
        work.records,
    )
    return Reading(records, 0, names, extra_columns(names, file.table))


def _read_csv(
    connection: duckdb.DuckDBPyConnection, file: LandingFile, settings: Settings, work: Work
) -> Reading:
    dialect, longest = file.table.dialect, settings.max_line_bytes
    text = _text(file, settings, work)
    scanned = csv_text.scan(text, dialect, longest)
    bound = longest if scanned.has_long_lines else None
    with csv_text.open_text(text) as opened:
        lines = csv_text.physical_lines(opened, bound)
        try:
            header = csv_text.read_header(lines, dialect, longest)
        except csv.Error as error:
            opened.seek(0)
            lines = csv_text.physical_lines(opened, bound)
            reason = f"Its header cannot be read: {error}."
            return _refuse_text(lines, Header((), 0), reason, work)
        if header is None:
            with TextRows(work.records, (), "_line_number"):
                pass
            return Reading(records=0, unparseable=0)
        unfit = judge_header(header.names, file.table)
        if unfit is not None:
            return _refuse_text(lines, header, unfit, work)
        if scanned.is_plain and header.lines == 1:
            reading = _load_plain(connection, text, scanned.lines, header, file.table, work)
            if reading is not None:
                return reading
        return _load_parted(lines, header, file.table, longest, work)


def _text(file: LandingFile, settings: Settings, work: Work) -> Path:
    """The file as UTF-8 text: itself where it is that already."""
    is_packed = (file.extension or "").endswith(".gz")
    encoding = file.table.dialect.encoding
    if not is_packed and csv_text.is_utf8(encoding):
        return file.file
    target = work.folder / "text.csv"
    most = int(settings.max_file_gigabytes * 1e9)
    try:
        csv_text.unpack(file.file, target, is_packed=is_packed, encoding=encoding, most_bytes=most)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise NotWholeError(f"It does not unpack to its end: {error}") from error
    return target


def _load_plain(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    lines: int,
    header: Header,
    table: SourceTable,
    work: Work,
) -> Reading | None:
    """Load text of which each line should be a record; null where that is not quite certain.

    Numbering the lines before they are parsed lets DuckDB parse them in parallel, and tells for
    sure which ones did not come through.
    """
    numbered = work.folder / "numbered.csv"
    dialect = table.dialect
    csv_text.number_lines(text, numbered, dialect.delimiter)
    declared = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in header.names)
    query = (
        "select * exclude (_line_number), _line_number from read_csv(?, header = false, "
        "auto_detect = false, strict_mode = true, store_rejects = true, "
        f"delim = {_literal(dialect.delimiter)}, quote = {_literal(dialect.quote)}, "
        f"escape = {_literal(dialect.escape)}, "
        f"columns = {{'_line_number': 'BIGINT', {declared}}})"
    )
    try:
        records = _copy(connection, query, numbered, work.records)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    finally:
        connection.execute("drop table if exists reject_errors")
        connection.execute("drop table if exists reject_scans")
    missing = _missing_lines(connection, work, lines) if records < lines - 1 else []
    if len(missing) != lines - 1 - records or not _reject(missing, text, header, table, work):
        return None
    return Reading(records, len(missing), header.names, extra_columns(header.names, table))


def _missing_lines(connection: duckdb.DuckDBPyConnection, work: Work, lines: int) -> list[int]:
    """The lines after the header that no record came of, in order, up to a bearable number."""
    return [
        number
        for (number,) in connection.execute(
            "select line.number from range(2, $1 + 1) as line(number) "
            "anti join read_parquet($2) as record on record._line_number = line.number "
            f"order by line.number limit {MOST_MISSING_LINES}",
            [lines, str(work.records)],
        ).fetchall()
    ]


def _reject(missing: list[int], text: Path, header: Header, table: SourceTable, work: Work) -> bool:
    """Write the missing lines as rejects; false unless each of them is surely at fault by itself.

    A line with a quote in it may be the end of a record that began above: that is for the reader
    that goes line by line.
    """
    if not missing:
        return True
    wanted, quote, width = set(missing), table.dialect.quote, len(header.names)
    with (
        csv_text.open_text(text) as lines,
        TextRows(work.rejects, REJECT_TEXTS, "line_number") as thrown,
    ):
        for number, line in enumerate(lines, start=1):
            if number not in wanted:
                continue
            for row in csv_text.records(iter([line]), number, width, table.dialect, len(line)):
                if not isinstance(row, Unparseable) or (quote and quote in line):
                    return False
                thrown.add(row.line_number, [row.line, row.reason])
    return thrown.rows == len(missing)


def _load_parted(
    lines: Iterator[str], header: Header, table: SourceTable, longest: int, work: Work
) -> Reading:
    """Load text line by line: slower, and exact about every line that is no record."""
    width, start = len(header.names), header.lines + 1
    with (
        TextRows(work.records, header.names, "_line_number") as kept,
        TextRows(work.rejects, REJECT_TEXTS, "line_number") as thrown,
    ):
        for row in csv_text.records(lines, start, width, table.dialect, longest):
            if isinstance(row, Unparseable):
                thrown.add(row.line_number, [row.line, row.reason])
            else:
                kept.add(*row)
    return Reading(kept.rows, thrown.rows, header.names, extra_columns(header.names, table))


def _refuse_text(lines: Iterator[str], header: Header, reason: str, work: Work) -> Reading:
    """Refuse a text file, keeping each of its data lines verbatim."""
    with TextRows(work.rejects, REJECT_TEXTS, "line_number") as thrown:
        for number, line in enumerate(lines, start=header.lines + 1):
            if text := line.rstrip("\r\n"):
                cut = " The line is cut." if isinstance(line, csv_text.LongLine) else ""
                thrown.add(number, [text, reason + cut])
    return Reading(0, thrown.rows, header.names, reason=reason)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, source: Path, target: Path) -> int:
    """Write what `query` reads from `source` as Parquet, in its order; returns the rows."""
    outcome = connection.execute(
        f"copy ({query}) to {_literal(str(target))} (format parquet, compression zstd)",
        [str(source)],
    ).fetchone()
    return int(outcome[0]) if outcome else 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
