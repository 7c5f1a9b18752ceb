"""The raw lake as SQL views in the build database, and the run's one clock beside them.

dbt's sources point at these. Nothing is cast but to text, nothing dropped: what a row means is
decided in `models/staging/` and `macros/feeds/`. The files themselves belong to `ingestion.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from crm.contracts import SourceTable
from crm.lake.deliveries import READ_AGAIN
from crm.publication.publishing import Clock
from crm.readers.headers import STORED_AS
from crm.settings import Settings

_DELIVERY_COLUMNS = {
    "load_id": "BIGINT",
    "system": "VARCHAR",
    "table": "VARCHAR",
    "feed": "VARCHAR",
    "path": "VARCHAR",
    "file": "VARCHAR",
    "content_hash": "VARCHAR",
    "version_rank": "BIGINT",
    "delivered_at": "TIMESTAMP",
    "format": "VARCHAR",
    "bytes": "BIGINT",
    "delivered": "BIGINT",
    "records": "BIGINT",
    "unparseable": "BIGINT",
    "status": "VARCHAR",
    "reason": "VARCHAR",
    "columns": "VARCHAR[]",
    "extra_columns": "VARCHAR[]",
    "contract_fingerprint": "VARCHAR",
    "reading": "VARCHAR",
    "replaces": "BIGINT[]",
    "arrival": "BIGINT",
}
# What a build takes from the version that readers see, by schema and table.
_PUBLISHED_COLUMNS = {
    ("quality", "customer_merges"): {
        "event_number": "BIGINT",
        "as_of_date": "DATE",
        "known_at": "BIGINT",
        "event": "VARCHAR",
        "system": "VARCHAR",
        "customer_id": "VARCHAR",
        "customer_key_before": "BIGINT",
        "customer_key_after": "BIGINT",
        "linked_by": "VARCHAR",
        "probability": "DOUBLE",
    },
    ("quality", "restatements"): {
        "event_number": "BIGINT",
        "as_of_date": "DATE",
        "known_at": "BIGINT",
        "business_unit": "VARCHAR",
        "month_end": "DATE",
        "mart": "VARCHAR",
        "cause": "VARCHAR",
        "rows": "BIGINT",
    },
    ("rfm", "rfm_customer_months"): {
        "business_unit": "VARCHAR",
        "customer_key": "BIGINT",
        "month_end": "DATE",
        "segment": "VARCHAR",
        "recency_days": "INTEGER",
        "frequency": "INTEGER",
        "monetary_amount": "DECIMAL(18,4)",
        "r_score": "INTEGER",
        "f_score": "INTEGER",
        "m_score": "INTEGER",
    },
}
_STORED_AS = "d.content_hash || '-' || d.reading"  # as crm.lake.deliveries.stored_as has it
_FLOATS = ("DOUBLE", "FLOAT")


def register(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    tables: Mapping[tuple[str, str], SourceTable],
    *,
    as_of: dt.date | None = None,
    known_at: int | None = None,
    months: tuple[dt.date, dt.date] | None = None,
    before: str | None = None,
) -> None:
    """(Re-)create schema `raw` of `con`'s current catalog over the lake.

    `before` is the catalog with the `raw` that the last good build saw, attached to `con`; `months`
    are the first and the last day whose snapshots are to be made anew.

    `raw.deliveries` has the deliveries up to `known_at` (all when none) with their `precedence`
    within system and feed, and whether a delivery `is_new`: not read by the build before;
    `raw.run_settings` one row with the asked-for clocks and months and the reporting currency;
    `raw.unparseable_lines` the rejects; `raw.published_<table>` what the next build takes from the
    version that readers see: the logs that it goes on writing, the snapshots that it may restate;
    `raw.<system>__<table>` each delivered row as text, with `_load_id` and `_line_number`. A table
    without deliveries is empty and has its declared columns.
    """
    con.execute("create schema if not exists raw")
    con.execute(
        "create or replace table raw.run_settings as select "
        "cast($as_of as date) as as_of_requested, cast($known_at as bigint) as known_at, "
        "cast($currency as varchar) as reporting_currency, "
        "cast($months_from as date) as months_from, cast($months_to as date) as months_to",
        {
            "as_of": as_of,
            "known_at": known_at,
            "currency": settings.reporting_currency,
            "months_from": months and months[0],
            "months_to": months and months[1],
        },
    )
    _register_deliveries(con, settings, known_at, before)
    _register_unparseable(con, settings)
    _register_published(con, settings)
    for table in tables.values():
        _register_table(con, settings, table)


def are_deliveries_lost(con: duckdb.DuckDBPyConnection, before: str) -> bool:
    """Whether the build before read a delivery that counts no more: withdrawn, or read again."""
    lost = con.execute(
        f"select 1 from {before}.raw.deliveries as b left join raw.deliveries as d using (load_id) "
        "where b.status = 'taken' and d.status is distinct from 'taken' limit 1"
    )
    return lost.fetchone() is not None


def read_clock(settings: Settings) -> Clock:
    """The clocks of the build as it stands: `core.clock`'s, every delivery when none was asked."""
    build, marts = settings.build / "build.duckdb", settings.build / "marts.duckdb"
    with duckdb.connect() as con:
        con.execute(f"attach {_text(build)} as build (read_only)")
        con.execute(f"attach {_text(marts)} as marts (read_only)")
        row = con.execute(
            "select as_of_date, "
            "coalesce(known_at, (select max(load_id) from build.raw.deliveries), 0) "
            "from marts.core.clock"
        ).fetchone()
    return Clock(as_of_date=row[0] if row else None, known_at=row[1] if row else 0)


def read_asked(settings: Settings) -> tuple[dt.date | None, int | None]:
    """The as-of date and `known_at` that the build as it stands was asked for; none: the newest."""
    with duckdb.connect(str(settings.build / "build.duckdb"), read_only=True) as con:
        row = con.execute("select as_of_requested, known_at from raw.run_settings").fetchone()
    return (row[0], row[1]) if row else (None, None)


def _register_deliveries(
    con: duckdb.DuckDBPyConnection, settings: Settings, known_at: int | None, before: str | None
) -> None:
    read = (
        f"select load_id from {before}.raw.deliveries where status = 'taken'"
        if before
        else "select null::bigint as load_id where false"
    )
    log = settings.raw / "_deliveries"
    columns = ", ".join(f"{_name(name)}: '{kind}'" for name, kind in _DELIVERY_COLUMNS.items())
    rows = (
        f"select * from read_json({_text(log / '*.jsonl')}, format = 'newline_delimited', "
        f"columns = {{{columns}}})"
        if any(log.glob("*.jsonl"))
        else f"select {_nulls(_DELIVERY_COLUMNS)} where false"
    )
    withdrawn = settings.raw / "_withdrawals"
    withdrawals = (
        f"select * from read_json({_text(withdrawn / '*.json')}, format = 'newline_delimited', "
        "columns = {load_id: 'BIGINT', reason: 'VARCHAR'})"
        if any(withdrawn.glob("*.json"))
        else "select null::bigint as load_id, null::varchar as reason where false"
    )
    con.execute(
        f"create or replace table raw.deliveries as with known as ({rows}), "
        "log as (from known where load_id <= coalesce($known_at, load_id)), "
        f"withdrawn as ({withdrawals}), read as ({read}), "
        "read_again as (select unnest(replaces) as load_id, load_id as again from log) "
        "select d.* replace ("
        "case when w.load_id is not null then 'withdrawn' "
        "when r.load_id is not null then 'read_again' else d.status end as status, "
        "coalesce(w.reason, replace($read_again, '{}', r.again::varchar), d.reason) as reason) "
        'rename ("table" as source_table), dense_rank() over ('
        "partition by d.system, d.feed order by d.version_rank nulls first, d.arrival, d.load_id"
        ") as precedence, d.load_id not in (from read) as is_new, "
        f"{_text(settings.raw)} || '/' || d.system || '/' || d.\"table\" || '/' || {_STORED_AS} "
        "|| '.parquet' as stored_at from log as d left join withdrawn as w using (load_id) "
        "left join read_again as r using (load_id)",
        {"known_at": known_at, "read_again": READ_AGAIN},
    )


def _register_unparseable(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    rejects = settings.raw / "_rejects"
    columns = ("line_number", "line", "reason", "contract_fingerprint")
    rows = (
        f"select {', '.join(columns)}, string_split(filename, '/')[-3] as system, "
        "string_split(filename, '/')[-2] as source_table, "
        "parse_filename(filename, true) as stored_as "
        f"from read_parquet({_text(rejects / '*/*/*.parquet')}, filename = true)"
        if any(rejects.glob("*/*/*.parquet"))
        else "select null::bigint as line_number, null::varchar as line, null::varchar as reason, "
        "null::varchar as contract_fingerprint, null::varchar as system, "
        "null::varchar as source_table, null::varchar as stored_as where false"
    )
    con.execute(
        "create or replace view raw.unparseable_lines as select d.load_id, r.line_number, r.line, "
        f"r.reason from ({rows}) as r inner join raw.deliveries as d "
        "using (system, source_table, contract_fingerprint) "
        f"where r.stored_as = {_STORED_AS} and d.unparseable > 0"
    )


def _register_published(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    for (schema, name), columns in _PUBLISHED_COLUMNS.items():
        files = settings.published / "parquet" / schema / name / "*.parquet"
        there = any(files.parent.glob(files.name))
        scan = f"read_parquet({_text(files)})"
        delivered = con.execute(f"describe select * from {scan}").fetchall() if there else ()
        # A version of other columns says nothing that could be compared with.
        is_alike = {(column, kind) for column, kind, *_ in delivered} >= columns.items()
        rows = (
            f"select {', '.join(columns)} from {scan}"
            if is_alike
            else f"select {_nulls(columns)} where false"
        )
        kind = "table" if schema == "quality" else "view"  # a log is small, a mart may not be
        con.execute(f"create or replace {kind} raw.published_{name} as {rows}")


def _register_table(con: duckdb.DuckDBPyConnection, settings: Settings, table: SourceTable) -> None:
    stored = con.execute(
        f"select {_STORED_AS}, any_value(format) from raw.deliveries as d "
        "where system = $system and source_table = $table and status = 'taken' "
        "group by all order by 1",
        {"system": table.system, "table": table.name},
    ).fetchall()
    view = f"raw.{table.system}__{table.name}"
    if not stored:
        empty = _nulls({column.name: "VARCHAR" for column in table.columns})
        con.execute(
            f"create or replace view {view} as select null::bigint as _load_id, "
            f"null::bigint as _line_number, {empty} where false"
        )
        return
    folder = settings.raw / table.system / table.name
    groups: dict[frozenset[tuple[str, str]], list[Path]] = {}
    for name, delivered_as in stored:
        file = folder / f"{name}.parquet"
        # Only Parquet brings types of its own: what is read as text is all of one kind.
        types = _declared_types(file, table) if delivered_as == "parquet" else frozenset()
        groups.setdefault(types, []).append(file)
    scans = " union all ".join(_as_texts(con, files, table) for files in groups.values())
    con.execute(
        f"create or replace view {view} as select d.load_id as _load_id, "
        f"f.* exclude ({STORED_AS}) from ({scans}) as f inner join raw.deliveries as d "
        f"on d.stored_at = f.{STORED_AS} "
        f"and d.system = {_text(table.system)} and d.source_table = {_text(table.name)} "
        "and d.status = 'taken'"
    )


def _declared_types(file: Path, table: SourceTable) -> frozenset[tuple[str, str]]:
    """The declared columns that a file has, and their types in it."""
    declared = {column.name.lower() for column in table.columns}
    return frozenset(
        (field.name.lower(), str(field.type))
        for field in pq.read_schema(file)
        if field.name.lower() in declared
    )


def _as_texts(con: duckdb.DuckDBPyConnection, files: list[Path], table: SourceTable) -> str:
    """A query over files of the same types: the declared columns as text, by line and file.

    Files of different types are never read as one: a common type would change what they hold (an
    id of 17 digits beside a fraction loses its last), or there is none.
    """
    names = ", ".join(_text(file) for file in files)
    scan = f"read_parquet([{names}], union_by_name = true, filename = '{STORED_AS}')"
    present = {
        name.lower(): (name, kind)
        for name, kind, *_ in con.execute(f"describe select * from {scan}").fetchall()
    }
    columns = ", ".join(_as_text(column.name, present) for column in table.columns)
    return f"select f._line_number, {columns}, f.{STORED_AS} from {scan} as f"


def _as_text(name: str, present: Mapping[str, tuple[str, str]]) -> str:
    """A column as text under its declared name; absent ones are null.

    Floating point is written out in full (0.00001, not 1e-05) wherever twelve decimals hold it,
    since the feeds refuse exponents in text.
    """
    if name.lower() not in present:
        return f"null::varchar as {_name(name)}"
    delivered, kind = present[name.lower()]
    text = f"f.{_name(delivered)}::varchar"
    if kind in _FLOATS:
        value = f"f.{_name(delivered)}"
        exact = f"try_cast({value} as decimal(38, 12))"
        text = (
            f"case when contains({text}, 'e') and {exact}::{kind} = {value} "
            f"then {exact}::varchar else {text} end"
        )
    return f"{text} as {_name(name)}"


def _nulls(columns: Mapping[str, str]) -> str:
    return ", ".join(f"null::{kind} as {_name(name)}" for name, kind in columns.items())


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
