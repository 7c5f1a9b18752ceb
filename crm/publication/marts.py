"""Reading the published marts: SQL in a sandbox, and its result as a table, CSV or JSON.

Only reads, and only the current version. BI tools open the same file themselves; which version is
current, and every change of it, is `versions.py`.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import json
import math
import os
import re
import shutil
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crm.errors import CrmError
from crm.publication.mart_file import MARTS_FILE
from crm.publication.versions import current_version, version_folder
from crm.settings import Settings

Format = Literal["table", "csv", "json"]

_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_ANY_WIDTH = 100_000
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class QueryError(CrmError):
    """A query that may not run, or did not."""


class NotPublishedError(CrmError):
    """There are no marts to read yet."""


@dataclass(frozen=True)
class Result:
    """What a query gave. `types` are DuckDB's names; values are Python's, instants in UTC."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def open_marts(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The current version, read-only, as the catalog `marts`: `marts.core.dim_customers`.

    The connection is a sandbox: it sees no other file, network, extension or Python variable, and
    no statement can open it up. It keeps its version until it is closed; keep it short. Raises
    `NotPublishedError`.
    """
    version = current_version(settings)
    if version is None:
        raise NotPublishedError("Nothing has been published yet.", fix="Run crm build first.")
    # The version's own path: a second connection through the link would share the first one's file.
    file = version_folder(settings, version) / MARTS_FILE
    spill = Path(tempfile.gettempdir()) / f"crm-query-{os.getpid()}"
    connection = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    path = str(file).replace("'", "''")
    try:
        connection.execute(f"attach '{path}' as marts (read_only)")
    except duckdb.Error as error:
        connection.close()
        if current_version(settings) != version:  # pruned between the two looks
            return open_marts(settings)
        raise NotPublishedError(
            f"The published file {file} cannot be opened: {error}",
            fix="Go back to a version that can: crm rollback.",
        ) from error
    connection.execute("use marts")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def query(settings: Settings, sql: str) -> Result:
    """Run one or more reading statements on the marts; return the result of the last.

    Raises `QueryError` for anything that is not reading and for what DuckDB refuses.
    """
    with closing(open_marts(settings)) as connection:
        try:
            statements = connection.extract_statements(sql)
        except duckdb.Error as error:
            raise _failed(connection, error) from error
        for statement in statements:
            if statement.type not in _READING:
                raise QueryError(
                    f"crm query only reads, and this is a {statement.type.name} statement.",
                    fix="Use SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN; a PIVOT"
                    " names its values: PIVOT t ON column IN (...) USING ...",
                )
        if not statements:
            raise QueryError("There is no statement.", fix='Try: crm query "show all tables"')
        try:
            for statement in statements:
                connection.execute(statement)
            described = connection.description or []
            rows = tuple(connection.fetchall())
        except duckdb.Error as error:
            raise _failed(connection, error) from error
    return Result(
        columns=tuple(str(column[0]) for column in described),
        types=tuple(str(column[1]) for column in described),
        rows=rows,
    )


def render(result: Result, form: Format) -> str:
    """The result as text.

    `table` is for eyes: as wide as the terminal, long cells folded, control characters escaped.
    `csv` guards spreadsheets: text that they would run as a formula gets a leading single quote;
    numbers and dates stay as they are, null is empty. `json` is a list of objects with every number
    in all its digits (a reader must not squeeze keys into doubles), dates and instants in ISO 8601;
    two columns of one name are a `QueryError`.
    """
    if form == "csv":
        return _csv(result)
    if form == "json":
        return _json_rows(result)
    return _table(result)


def _failed(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> QueryError:
    fix = 'Look at what there is: crm query "show all tables".'
    missing = re.search(r"Table with name \"?([^\s\"]+)\"? does not exist", str(error))
    if isinstance(error, duckdb.PermissionException):
        fix = "Queries see the published marts and nothing else."
    elif isinstance(error, duckdb.CatalogException) and missing:
        near = _nearest(connection, missing[1])
        fix = f"Did you mean {near}?" if near else fix
    elif isinstance(error, duckdb.BinderException):
        fix = "See a table's columns: describe marts.<schema>.<table>."
    elif isinstance(error, duckdb.ParserException):
        fix = "Mend the SQL where the mark stands."
    return QueryError(str(error).rstrip(), fix=fix)


def _nearest(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    tables = {
        table: f"marts.{schema}.{table}"
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'marts'"
        ).fetchall()
    }
    near = difflib.get_close_matches(name.rpartition(".")[2].lower(), tables, n=1)
    return tables[near[0]] if near else None


def _table(result: Result) -> str:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _ANY_WIDTH
    table = Table(box=box.SIMPLE_HEAD)
    for column, type_ in zip(result.columns, result.types, strict=True):
        is_number = re.match(r"U?(TINY|SMALL|BIG|HUGE)?INT|DECIMAL|DOUBLE|FLOAT", type_) is not None
        table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
    for row in result.rows:
        table.add_row(*(Text(_UNPRINTABLE.sub(_escape, _text(value))) for value in row))
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(table)
    return stream.getvalue()


def _csv(result: Result) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)  # lines end as in RFC 4180: with \n alone a lone \r goes unquoted
    writer.writerow([_guarded(column) for column in result.columns])
    writer.writerows([_guarded(value) for value in row] for row in result.rows)
    return stream.getvalue()


def _guarded(value: object) -> str:
    text = _text(value)
    is_number = isinstance(value, int | float | Decimal)
    return "'" + text if text.startswith(_FORMULA_STARTS) and not is_number else text


def _json_rows(result: Result) -> str:
    if len(set(result.columns)) < len(result.columns):
        raise QueryError(
            "A JSON object cannot have two columns of one name.", fix="Name them apart: AS ..."
        )
    objects = [_json(dict(zip(result.columns, row, strict=True))) for row in result.rows]
    return "[" + ",\n ".join(objects) + "]\n"


def _json(value: object) -> str:
    """JSON by hand, since the standard encoder cannot write a decimal's own digits as a number."""
    match value:
        case dict():
            pairs = (f"{json.dumps(str(key))}: {_json(item)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(_json(item) for item in value) + "]"
        case None:
            return "null"
        case bool() | int():
            return json.dumps(value)
        case float():
            return repr(value) if math.isfinite(value) else "null"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(_text(value), ensure_ascii=False)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict() | list() | tuple():
            return _json(value)
        case _:
            return str(value)


def _escape(control: re.Match[str]) -> str:
    return f"\\x{ord(control[0]):02x}"
