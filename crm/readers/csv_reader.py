"""CSV into Parquet: by DuckDB where that is surely right, line by line where not.

What DuckDB reads is proved in `csv_parallel.py`; how text is parted is `csv_text.py`'s to say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb

from crm.contracts import SourceTable
from crm.readers import csv_parallel, csv_text
from crm.readers.csv_text import Header
from crm.readers.headers import extra_columns, judge_header
from crm.readers.reading import (
    Reading,
    Unparseable,
    Work,
    refuse_lines,
)
from crm.readers.text_rows import TextRows

SMALL_BYTES = 50_000  # up to here, starting the parallel parser takes longer than it saves


def read(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    table: SourceTable,
    longest: int,
    work: Work,
) -> Reading:
    """Read the UTF-8 `text` into `work`, lines of up to `longest` bytes; or refuse it.

    Raises `csv_text.UndecodableError`.
    """
    dialect = table.dialect
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
            return refuse_lines(_data_lines(lines, 0, reason), (), reason, work)
        if header is None:
            with TextRows(work.records, (), "_line_number"):
                pass
            return Reading(records=0, unparseable=0)
        unfit = judge_header(header.names, table)
        if unfit is not None:
            return refuse_lines(_data_lines(lines, header.lines, unfit), header.names, unfit, work)
        is_small = text.stat().st_size <= SMALL_BYTES
        if scanned.is_plain and header.lines == 1 and not is_small:
            reading = csv_parallel.load(connection, text, scanned.lines, header, table, work)
            if reading is not None:
                return reading
        return _load_parted(lines, header, table, longest, work)


def _load_parted(
    lines: Iterator[str], header: Header, table: SourceTable, longest: int, work: Work
) -> Reading:
    """Load text line by line: slower, and exact about every line that is no record."""
    width, start = len(header.names), header.lines + 1
    with (
        TextRows(work.records, header.names, "_line_number") as kept,
        work.lines_aside() as thrown,
    ):
        for row in csv_text.records(lines, start, width, table.dialect, longest):
            if isinstance(row, Unparseable):
                thrown.add(row.line_number, [row.line, row.reason])
            else:
                kept.add(*row)
    return Reading(kept.rows, thrown.rows, header.names, extra_columns(header.names, table))


def _data_lines(lines: Iterator[str], before: int, reason: str) -> Iterator[tuple[int, str, str]]:
    """Each line that is not blank, numbered after the `before` lines of the header."""
    for number, line in enumerate(lines, start=before + 1):
        if text := line.rstrip("\r\n"):
            cut = " The line is cut." if isinstance(line, csv_text.LongLine) else ""
            yield number, text, reason + cut
