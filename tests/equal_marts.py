"""Whether two published files hold the same marts, row by row, as the laws mean it.

The same tables with the same columns and the same rows, however often each row stands there, in any
order. Whole numbers, decimals, texts and times are compared exactly, doubles by nine significant
digits. Which of the laws' exemptions apply is for the test to say.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

DESCRIBES_DELIVERIES = frozenset({"quality"})
"""What the laws exempt where deliveries differ: files cut or named otherwise, other moments."""

_SHOWN = 3  # rows of a difference: enough to see what it is
# A zero below nothing is zero; printing rounds to nine digits and has words for what is no number.
_NINE_DIGITS = "format('{{:.8e}}', {0} + 0.0)"


def differences(left: Path, right: Path, but: Collection[str] = ()) -> list[str]:
    """What two files of marts do not share: one text per table, none when they are equal.

    `but` names what is not compared: schemas, `schema.table` or `schema.table.column`.
    """
    with duckdb.connect() as connection:
        for name, file in (("one", left), ("two", right)):
            connection.execute(f"attach '{file.resolve()}' as {name} (read_only)")
        one, two = (_tables(connection, name, but) for name in ("one", "two"))
        found = [f"{table} is only in {left}" for table in sorted(one.keys() - two.keys())]
        found += [f"{table} is only in {right}" for table in sorted(two.keys() - one.keys())]
        for table in sorted(one.keys() & two.keys()):
            if one[table] != two[table]:
                odd = sorted(one[table].items() ^ two[table].items())
                found.append(f"{table} has other columns: {odd}")
                continue
            found += _other_rows(connection, table, one[table], left, right)
    return found


def assert_equal(left: Path, right: Path, but: Collection[str] = ()) -> None:
    """Fail with every table that differs, and some of its rows."""
    found = differences(left, right, but)
    assert not found, "\n".join(found)


def _tables(
    connection: duckdb.DuckDBPyConnection, database: str, but: Collection[str]
) -> dict[str, dict[str, str]]:
    """The columns to compare and their types, by `schema.table`."""
    tables: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and not internal order by all",
        [database],
    ).fetchall():
        path = f"{schema}.{table}"
        if not {schema, path, f"{path}.{column}"} & set(but):
            tables.setdefault(path, {})[column] = kind
    return tables


def _other_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    left: Path,
    right: Path,
) -> list[str]:
    values = ", ".join(
        _NINE_DIGITS.format(f'"{name}"') if kind in ("DOUBLE", "FLOAT") else f'"{name}"'
        for name, kind in columns.items()
    )
    one, two = (f"(select {values} from {name}.{table})" for name in ("one", "two"))
    found = []
    for file, ours, theirs in ((left, one, two), (right, two, one)):
        only = connection.execute(f"select * from {ours} except all select * from {theirs}")
        rows = only.fetchall()
        if rows:
            shown = "\n  ".join(
                str(dict(zip(columns, row, strict=True))) for row in sorted(rows, key=str)[:_SHOWN]
            )
            found.append(f"{table} has {len(rows)} rows only in {file}:\n  {shown}")
    return found
