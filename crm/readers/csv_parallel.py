"""CSV through DuckDB's parser, with proof that every line came through or is accounted for.

Numbers written into the text beforehand are the proof: DuckDB drops a quote that is never closed
without a word. Where the proof fails, the file is read line by line (`csv_reader.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from crm.contracts import SourceTable
from crm.readers import csv_text
from crm.readers.csv_text import Header
from crm.readers.headers import extra_columns
from crm.readers.reading import Reading, Unparseable, Work, copy_rows, literal

MOST_MISSING_LINES = 10_000  # beyond this, reading line by line is no slower


def load(
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
    _number_lines(text, numbered, dialect.delimiter)
    declared = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.names)
    query = (
        "select * exclude (_line_number), _line_number from read_csv(?, header = false, "
        "auto_detect = false, strict_mode = true, store_rejects = true, "
        f"delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote)}, "
        f"escape = {literal(dialect.escape)}, "
        f"columns = {{'_line_number': 'BIGINT', {declared}}})"
    )
    try:
        records = copy_rows(connection, query, numbered, work.records)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    finally:
        connection.execute("drop table if exists reject_errors")
        connection.execute("drop table if exists reject_scans")
    missing = _missing_lines(connection, work, lines) if records < lines - 1 else []
    if len(missing) != lines - 1 - records or not _reject(missing, text, header, table, work):
        return None
    return Reading(records, len(missing), header.names, extra_columns(header.names, table))


def _number_lines(text: Path, target: Path, delimiter: str) -> None:
    """Copy plain text without its header, each line with its number (from 2) as first field."""
    numbered = b"%d" + delimiter.encode().replace(b"%", b"%%") + b"%b"
    with text.open("rb") as source, target.open("wb") as out:
        source.readline()
        out.writelines(map(numbered.__mod__, enumerate(source, start=2)))


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
        work.lines_aside() as thrown,
    ):
        for number, line in enumerate(lines, start=1):
            if number not in wanted:
                continue
            for row in csv_text.records(iter([line]), number, width, table.dialect, len(line)):
                if not isinstance(row, Unparseable) or (quote and quote in line):
                    return False
                thrown.add(row.line_number, [row.line, row.reason])
    return thrown.rows == len(missing)
