"""One landed file into Parquet: its records, and the lines that are none, each under its number.

Chooses the reader by the file's format, and reads Parquet itself. Which files are read, and what
becomes of the outcome, is the lake's business (`lake.py`).
"""

from __future__ import annotations

import codecs
import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from crm.contracts import Dialect
from crm.lake.landing import LandingFile
from crm.readers import csv_reader, excel, json_lines
from crm.readers.encodings import TooLargeError, UndecodableError, utf8_text
from crm.readers.headers import extra_columns, judge_header
from crm.readers.reading import NotWholeError, Reading, Work, copy_rows, literal, refuse
from crm.settings import Settings

# By format: the reader's version, to be raised when it reads rows differently (files that were
# taken are then read again), and the parts of the dialect that it goes by.
READ_BY: dict[str, tuple[int | str, ...]] = {
    "csv": (1, "delimiter", "quote", "escape", "encoding"),
    "jsonl": (1, "encoding"),
    "excel": (1, "sheet"),
    "parquet": (1,),
}

ROW_NUMBER = "file_row_number"  # as DuckDB calls it


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

    Raises `NotWholeError` for a packed, Excel or Parquet file without its end, `duckdb.Error`,
    `OSError` or `pyarrow.ArrowException` where reading itself breaks.
    """
    if file.refusal is not None:
        return refuse(connection, file.refusal, work)
    table, longest = file.table, settings.max_line_bytes
    try:
        if file.format == "parquet":
            return _read_parquet(connection, file, work)
        if file.format == "excel":
            most = int(settings.max_file_gigabytes * 1e9)
            return excel.read(file.file, table, most, work)
        text = utf8_text(file, settings, work)
        if file.format == "jsonl":
            return json_lines.read(text, table, longest, work)
        return csv_reader.read(connection, text, table, longest, work)
    except (UndecodableError, TooLargeError, excel.NoWorkbookError) as error:
        return refuse(connection, str(error), work)


@cache
def reading_mark(read_as: str | None, dialect: Dialect) -> str:
    """Eight hex digits for how files of a format are read: they change when their rows may.

    What only decides whether a file is taken (its columns, limits) does not belong to it.
    """
    declared = asdict(dialect)
    declared["encoding"] = codecs.lookup(dialect.encoding).name
    version, *names = READ_BY.get(read_as or "", (0,))
    decisive = [read_as, version, *(declared[str(name)] for name in names)]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:8]


def merge_rejects(
    connection: duckdb.DuckDBPyConnection, work: Work, existing: Path, fingerprint: str
) -> Path:
    """The rejects of this reading, with those that other contracts had for the same content."""
    merged = work.folder / "merged.parquet"
    query = (
        "select line_number, line, reason, "
        f"{literal(fingerprint)} as contract_fingerprint from read_parquet(?)"
    )
    if existing.exists():
        query += (
            f" union all by name select * from read_parquet({literal(str(existing))})"
            f" where contract_fingerprint <> {literal(fingerprint)}"
        )
    copy_rows(connection, query, work.rejects, merged)
    return merged


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: LandingFile, work: Work) -> Reading:
    try:
        names = tuple(pq.read_schema(file.file).names)
    except pa.ArrowInvalid as error:
        raise NotWholeError(f"It has no readable Parquet footer: {error}") from error
    reason = judge_header(names, file.table)
    if reason is None and ROW_NUMBER in map(str.lower, names):
        reason = f"Column '{ROW_NUMBER}' has a name that the reader of Parquet keeps for itself."
    if reason is not None:
        return refuse(connection, reason, work)
    records = copy_rows(
        connection,
        f"select * exclude ({ROW_NUMBER}), {ROW_NUMBER} + 1 as _line_number "
        f"from read_parquet(?, {ROW_NUMBER} = true)",
        file.file,
        work.records,
    )
    return Reading(records, 0, names, extra_columns(names, file.table))
