"""The raw lake as SQL views in the build database, and the run's one clock beside them.

dbt's sources point at these. Nothing is cast but to text, nothing dropped: what a row means is
decided in `models/staging/` and `macros/feeds/`. The files themselves belong to `crm/lake.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb

from crm.contracts import SourceTable
from crm.publishing import Clock
from crm.settings import Settings

_DELIVERY_COLUMNS = {
    "load_id": "BIGINT",
    "system": "VARCHAR",
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
}
_FLOATS = ("DOUBLE", "FLOAT")


def register(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    tables: Mapping[tuple[str, str], SourceTable],
    *,
    as_of: dt.date | None = None,
    known_at: int | None = None,
) -> None:
    """(Re-)create schema `raw` of `con`'s current catalog over the lake.

    `raw.deliveries` has the deliveries up to `known_at` (all when none) with their `precedence`
    within system and feed; `raw.run_settings` one row with the asked-for clocks and the reporting
    currency;
    `raw.unparseable_lines` the rejects; `raw.<system>__<feed>` each delivered row as text, with
    `_load_id` and `_line_number`. A table without deliveries is empty and has its declared columns.
    """
    con.execute("create schema if not exists raw")
    con.execute(
        "create or replace table raw.run_settings as select "
        "cast($as_of as date) as as_of_requested, cast($known_at as bigint) as known_at, "
        "cast($currency as varchar) as reporting_currency",
        {"as_of": as_of, "known_at": known_at, "currency": settings.reporting_currency},
    )
    _register_deliveries(con, settings, known_at)
    _register_unparseable(con, settings)
    for table in tables.values():
        _register_table(con, settings, table)


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
    con: duckdb.DuckDBPyConnection, settings: Settings, known_at: int | None
) -> None:
    log = settings.raw / "_deliveries"
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _DELIVERY_COLUMNS.items())
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
        "create or replace table raw.deliveries as select d.* replace ("
        "case when w.load_id is not null then 'withdrawn' else d.status end as status, "
        "coalesce(w.reason, d.reason) as reason), dense_rank() over ("
        "partition by d.system, d.feed order by d.version_rank nulls first, d.load_id"
        f") as precedence from ({rows}) as d left join ({withdrawals}) as w using (load_id) "
        "where d.load_id <= coalesce($known_at, d.load_id)",
        {"known_at": known_at},
    )


def _register_unparseable(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    rejects = settings.raw / "_rejects"
    columns = ("line_number", "line", "reason", "contract_fingerprint")
    rows = (
        f"select {', '.join(columns)}, string_split(filename, '/')[-3] as system, "
        "string_split(filename, '/')[-2] as feed, parse_filename(filename, true) as content_hash "
        f"from read_parquet({_text(rejects / '*/*/*.parquet')}, filename = true)"
        if any(rejects.glob("*/*/*.parquet"))
        else "select null::bigint as line_number, null::varchar as line, null::varchar as reason, "
        "null::varchar as contract_fingerprint, null::varchar as system, null::varchar as feed, "
        "null::varchar as content_hash where false"
    )
    con.execute(
        "create or replace view raw.unparseable_lines as select d.load_id, r.line_number, r.line, "
        f"r.reason from ({rows}) as r inner join raw.deliveries as d "
        "using (system, feed, content_hash, contract_fingerprint) where d.unparseable > 0"
    )


def _register_table(con: duckdb.DuckDBPyConnection, settings: Settings, table: SourceTable) -> None:
    hashes = con.execute(
        "select distinct content_hash from raw.deliveries where system = $system and feed = $feed "
        "and status = 'taken' order by 1",
        {"system": table.system, "feed": table.feed},
    ).fetchall()
    view = f"raw.{table.system}__{table.feed}"
    if not hashes:
        empty = _nulls({column.name: "VARCHAR" for column in table.columns})
        con.execute(
            f"create or replace view {view} as select null::bigint as _load_id, "
            f"null::bigint as _line_number, {empty} where false"
        )
        return
    folder = settings.raw / table.system / table.feed
    files = ", ".join(_text(folder / f"{content_hash}.parquet") for (content_hash,) in hashes)
    scan = f"read_parquet([{files}], union_by_name = true, filename = true)"
    present = {
        name.lower(): (name, kind)
        for name, kind, *_ in con.execute(f"describe select * from {scan}").fetchall()
    }
    columns = ", ".join(_as_text(column.name, present) for column in table.columns)
    con.execute(
        f"create or replace view {view} as select d.load_id as _load_id, f._line_number, {columns} "
        f"from {scan} as f inner join raw.deliveries as d "
        "on d.content_hash = parse_filename(f.filename, true) "
        f"and d.system = {_text(table.system)} and d.feed = {_text(table.feed)} "
        "and d.status = 'taken'"
    )


def _as_text(name: str, present: Mapping[str, tuple[str, str]]) -> str:
    """A column as text under its declared name; absent ones are null.

    Floating point is written out in full (0.00001, not 1e-05), since the feeds refuse exponents in
    text.
    """
    if name.lower() not in present:
        return f"null::varchar as {_name(name)}"
    delivered, kind = present[name.lower()]
    text = f"f.{_name(delivered)}::varchar"
    if kind in _FLOATS:
        text = (
            f"case when contains({text}, 'e') "
            f"then coalesce(try_cast(f.{_name(delivered)} as decimal(38, 12))::varchar, {text}) "
            f"else {text} end"
        )
    return f"{text} as {_name(name)}"


def _nulls(columns: Mapping[str, str]) -> str:
    return ", ".join(f"null::{kind} as {_name(name)}" for name, kind in columns.items())


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
