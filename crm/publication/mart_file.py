"""One database file of marts: closed for good, copied, read back in full, exported as Parquet.

Which file, where to, and whether it becomes what readers see is `publishing.py`; nothing here knows
versions.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from crm.errors import CrmError
from crm.publication.mart_contract import Contract, TableContract, require_as_built
from crm.settings import Settings

MARTS_FILE = "marts.duckdb"
_BUILD_ANEW = "Run crm build --full-refresh: raw has everything."
# Nine significant digits: sums of doubles differ in the last ones with the order of the threads.
_NINE_DIGITS = (
    "case when {0} = 0 or not isfinite({0}) then {0} + 0.0"
    " else round({0}, (8 - floor(log10(abs({0}))))::int) end"
)


class MartFileError(CrmError):
    """A file of marts cannot be closed, copied, read back or exported."""


@dataclass(frozen=True)
class PublishedTable:
    """What a version holds of one table. Money totals are exact decimals as text."""

    contract: TableContract
    rows: int
    content_hash: str
    comments_hash: str
    money: Mapping[str, str]


def close_marts(settings: Settings, source: Path) -> None:
    """Have every committed row in the file itself: a copy would miss those in a write-ahead log.

    Raises `MartFileError` when the file is missing, or open elsewhere, or its log does not replay.
    """
    if not source.is_file():
        raise MartFileError(f"There is no {source} to publish.", fix="Run crm build first.")
    try:
        with closing(duckdb.connect(source, config=_config(settings))) as connection:
            connection.execute("checkpoint")
    except duckdb.Error as error:
        raise MartFileError(
            f"{source} cannot be closed for publishing: {error}",
            fix="End the process that has it open. When none has, run crm build: it sets a broken"
            " file aside and builds anew.",
        ) from error
    log = source.with_name(source.name + ".wal")
    if log.exists():
        raise MartFileError(
            f"{log} holds committed rows that a copy of {source.name} would miss.",
            fix="End the process that has the database open, and publish again.",
        )


def copy_marts(settings: Settings, source: Path, target: Path) -> None:
    """Copy the closed file; write it anew when more than a third of it is free space."""
    try:
        with closing(duckdb.connect(config=_config(settings))) as connection:
            connection.execute(f"attach {_literal(source)} as source (read_only)")
            [(free, total)] = connection.execute(
                "select free_blocks, total_blocks from pragma_database_size()"
                " where database_name = 'source'"
            ).fetchall()
            if 3 * free > total:
                connection.execute(f"attach {_literal(target)} as target")
                connection.execute("copy from database source to target")
                connection.execute("checkpoint target")
                return
    except duckdb.Error as error:
        raise MartFileError(
            f"Copying {source} failed: {error}", fix="Mend the cause and publish again."
        ) from error
    shutil.copyfile(source, target)


def open_copy(settings: Settings, file: Path) -> duckdb.DuckDBPyConnection:
    """Open a copy for reading; its catalog is `marts`, after the file."""
    try:
        return duckdb.connect(file, read_only=True, config=_config(settings))
    except duckdb.Error as error:
        raise MartFileError(
            f"The copy {file} cannot be opened: {error}", fix=_BUILD_ANEW
        ) from error


def read_back(
    connection: duckdb.DuckDBPyConnection, contract: Contract
) -> dict[str, PublishedTable]:
    """Read every column of every table of a copy; return what was seen, by `schema.table`.

    Raises `MartFileError` or `MartContractError` unless it holds the contract and nothing else.
    """
    strange = connection.execute(
        """
        select 'view ' || schema_name || '.' || view_name from duckdb_views()
        where database_name = 'marts' and not internal
        union all
        select 'sequence ' || schema_name || '.' || sequence_name from duckdb_sequences()
        where database_name = 'marts'
        union all
        select 'function ' || schema_name || '.' || function_name from duckdb_functions()
        where database_name = 'marts' and not internal
        union all
        select 'type ' || schema_name || '.' || type_name from duckdb_types()
        where database_name = 'marts' and not internal
        union all
        select 'schema ' || schema_name from duckdb_schemas()
        where database_name = 'marts' and not internal and schema_name <> 'main'
            and not list_contains(?, schema_name)
        order by all
        """,
        [sorted({table.partition(".")[0] for table in contract})],
    ).fetchall()
    if strange:
        raise MartFileError(
            f"The marts hold more than tables: {', '.join(row[0] for row in strange)}.",
            fix="Marts are tables; what removed models left, crm build --full-refresh clears.",
        )
    built: dict[str, dict[str, str]] = {}
    comments: dict[str, str] = {}
    for table, column, type_, comment, table_comment in connection.execute(
        """
        select c.schema_name || '.' || c.table_name, c.column_name, c.data_type,
            coalesce(c.comment, ''), coalesce(t.comment, '')
        from duckdb_columns() as c
        inner join duckdb_tables() as t using (table_oid, database_name)
        where c.database_name = 'marts'
        order by all
        """
    ).fetchall():
        built.setdefault(table, {})[column] = type_
        comments[table] = f"{comments.get(table, table_comment)}\n{column}: {comment}"
    require_as_built(contract, built)
    return {
        table: _fingerprint(connection, table, contract, comments[table]) for table in sorted(built)
    }


def _fingerprint(
    connection: duckdb.DuckDBPyConnection, table: str, contract: Contract, comments: str
) -> PublishedTable:
    """Rows, money and a hash that no order of rows changes, in one scan of the whole table."""
    columns = contract[table].columns
    # By name, not position: where a column stands is not part of the content.
    values = [
        _NINE_DIGITS.format(_name(column)) if type_ in ("DOUBLE", "FLOAT") else _name(column)
        for column, type_ in sorted(columns.items())
    ]
    money = sorted(
        column
        for column, type_ in columns.items()
        if "_amount" in column and type_.startswith("DECIMAL")
    )
    totals = [f"coalesce(sum({_name(column)}), 0)" for column in money]
    # Hashed twice: the hash of several columns is a weak mix, whose sum two swapped values survive.
    select = ", ".join(["count(*)", f"coalesce(sum(hash(hash({', '.join(values)}))), 0)", *totals])
    try:
        [row] = connection.execute(f"select {select} from {_table(table)}").fetchall()
    except duckdb.Error as error:
        raise MartFileError(
            f"The copy of {table} cannot be read back: {error}",
            fix=_BUILD_ANEW,
        ) from error
    return PublishedTable(
        contract=contract[table],
        rows=row[0],
        content_hash=f"{row[1]:032x}",
        comments_hash=hashlib.sha256(comments.encode()).hexdigest()[:32],
        money={column: str(total) for column, total in zip(money, row[2:], strict=True)},
    )


def export_parquet(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: Mapping[str, PublishedTable]
) -> None:
    """Write each table as `<schema>/<table>/part-0.parquet`, see that it kept rows and types."""
    for table, entry in tables.items():
        file = folder.joinpath(*table.split(".", 1)) / "part-0.parquet"
        file.parent.mkdir(parents=True)
        try:
            connection.execute(
                f"copy {_table(table)} to {_literal(file)} (format parquet, compression zstd)"
            )
            described = connection.execute(f"describe from {_literal(file)}").fetchall()
            [(rows,)] = connection.execute(f"select count(*) from {_literal(file)}").fetchall()
        except duckdb.Error as error:
            raise MartFileError(
                f"Exporting {table} to Parquet failed: {error}",
                fix="Mend the cause (is the disk full?) and publish again.",
            ) from error
        for column, type_, *_ in described:
            if entry.contract.columns[column] != type_:
                raise MartFileError(
                    f"Parquet turns {table}.{column} from {entry.contract.columns[column]} into"
                    f" {type_}.",
                    fix="Cast the column to a type that both have, such as decimal(38,0).",
                )
        if rows != entry.rows:
            raise MartFileError(
                f"The Parquet of {table} has {rows} rows of {entry.rows}.",
                fix="Look at the disk's health, and publish again.",
            )


def storage_version(connection: duckdb.DuckDBPyConnection) -> str:
    """The oldest storage format that can read the file, in DuckDB's words."""
    [(version,)] = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = 'marts'"
    ).fetchall()
    return str(version)


def _config(settings: Settings) -> dict[str, Any]:
    # Limits are given at the opening, which may already replay a log.
    return {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.build / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _table(table: str) -> str:
    return ".".join(_name(part) for part in table.split(".", 1))


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
