"""Is what is about to be published plausible, beside what readers see now?

Volume and distribution of the marts as a whole against `seeds/quality/publish_limits.csv`. Never a
key, a relation or an invariant (dbt tests), nor the contract (`mart_contract.py`). Which tables and
columns are measured, the seed and the database say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb

from crm.checks.expectations import CheckOutcome, judge, write_data_docs
from crm.checks.limits import LIMITS, Limit, Measurement, load_limits, make_checks
from crm.errors import CrmError
from crm.publication.mart_file import MARTS_FILE
from crm.publication.versions import Manifest, current_manifest, version_folder
from crm.settings import Settings

PUBLISH_LIMITS = LIMITS / "publish_limits.csv"

# By metric: the columns that its table must have, the types of the column that it is measured of
# (none: any), and the expression. -1 is the customer of sales that name none.
_NUMBERS = ("DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "DOUBLE")
_TABLE_METRICS = {"rows": "count(*)", "is_empty": "(count(*) = 0)::integer"}
_COLUMN_METRICS: dict[str, tuple[set[str], tuple[str, ...], str]] = {
    "total": (set(), _NUMBERS, "coalesce(sum({c}), 0)"),
    "distinct_values": (set(), (), "count(distinct {c})"),
    "latest_day": (set(), ("DATE",), "date_diff('day', date '1970-01-01', max({c}))"),
    "unattributed_share": (
        {"customer_key"},
        _NUMBERS,
        "coalesce(sum({c}) filter (customer_key = -1), 0) / nullif(sum({c})::double, 0)",
    ),
}
# Of tables with a row per load: one number for each system and feed, of the loads after $after.
_SHARE_OF_DELIVERED = "share_of_delivered"
_LOAD_COLUMNS = {"system", "feed", "load_id", "delivered"}
PUBLISH_METRICS = frozenset({*_TABLE_METRICS, *_COLUMN_METRICS, _SHARE_OF_DELIVERED})

_STEPS = 4
_ADVICE = (
    f"If wrong, find out why before readers see it; if right, change or add the row for it in "
    f"{PUBLISH_LIMITS.name} with the reason. Readers keep the published version."
)


class PlausibilityError(CrmError):
    """The marts, or the version that readers see, cannot be measured."""


@dataclass(frozen=True)
class _Number:
    """One measured number, and the rows of the table that it is of."""

    value: float | None
    rows: int


_Numbers = Mapping[tuple[str, str], _Number]
"""By subject and metric."""


def judge_marts(
    settings: Settings,
    as_of: dt.date | None = None,
    known_at: int | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
    limits_file: Path = PUBLISH_LIMITS,
) -> list[CheckOutcome]:
    """Judge the built marts against the published ones, and write the run's Data Docs.

    One outcome for each limit and schema. `as_of` and `known_at` are the clocks that a person
    asked for, if any: where one lies before the published, nothing is compared with what readers
    see. Both files are open for reading only, and closed when this returns. `progress` is told
    each step and how many of how many are done. Raises `LimitError`, `PlausibilityError` or
    `ExpectationsError`.
    """
    limits = load_limits(limits_file)
    published = current_manifest(settings)
    with closing(duckdb.connect(config=_config(settings))) as con:
        before: _Numbers = {}
        if published and not _goes_back(published, as_of, known_at):
            file = version_folder(settings, published.version) / MARTS_FILE
            before = _measure(con, file, "published", limits, after=0)
            progress("measured what is published", 1, _STEPS)
        after = published.known_at if before and published else 0
        now = _measure(con, settings.build / MARTS_FILE, "built", limits, after)
        progress("measured what was built", 2, _STEPS)
    schemas = ((limit.applies_to.partition(".")[0], limit) for limit in limits)
    checks = make_checks(limits, _measurements(now, before), must_apply=schemas)
    outcomes = judge(settings, "publish", checks, lambda check: _ADVICE)
    progress("judged", 3, _STEPS)
    write_data_docs(settings)
    progress("wrote the pages", _STEPS, _STEPS)
    return outcomes


def _goes_back(published: Manifest, as_of: dt.date | None, known_at: int | None) -> bool:
    is_earlier_day = as_of and published.as_of_date and as_of < published.as_of_date
    return bool(is_earlier_day) or (known_at is not None and known_at < published.known_at)


def _measurements(now: _Numbers, before: _Numbers) -> list[Measurement]:
    found = []
    for (subject, metric), number in now.items():
        past = before.get((subject, metric))
        found.append(
            Measurement(
                group=subject.partition(".")[0],
                subject=subject,
                metric=metric,
                value=number.value,
                history=(past.value,) if past and past.value is not None else (),
                # The larger: a table that lost most of its rows is not too small to be judged.
                rows=max(number.rows, past.rows if past else 0),
            )
        )
    return found


def _measure(
    con: duckdb.DuckDBPyConnection, file: Path, database: str, limits: Sequence[Limit], after: int
) -> _Numbers:
    """What the limits ask for of one file of marts, each table in one scan."""
    if not file.is_file():
        raise PlausibilityError(f"There is no {file} to judge.", fix="Run crm build.")
    numbers: dict[tuple[str, str], _Number] = {}
    try:
        con.execute(f"attach {_text(file)} as {database} (read_only)")
        for table, columns in _tables(con, database).items():
            source = ".".join(_name(part) for part in (database, *table.split(".", 1)))
            numbers |= _of_table(con, source, _wanted(table, columns, limits))
            for column in _wanted_of_loads(table, columns, limits):
                numbers |= _of_loads(con, source, column, f"{table}.{column}", after)
        con.execute(f"detach {database}")
    except duckdb.Error as error:
        raise PlausibilityError(
            f"{file} cannot be measured: {error}",
            fix="End the process that has it open; when none has, build again, or roll back from "
            "a published version that is damaged.",
        ) from error
    return numbers


def _tables(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """Types by column by `schema.table`."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and not internal order by all",
        [database],
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def _wanted(
    table: str, columns: Mapping[str, str], limits: Sequence[Limit]
) -> dict[tuple[str, str], str]:
    """The expressions that some limit asks for, by subject and metric."""
    wanted = {
        (table, metric): expression
        for metric, expression in _TABLE_METRICS.items()
        if _is_asked(limits, table, metric)
    }
    for column, kind in columns.items():
        for metric, (needed, kinds, expression) in _COLUMN_METRICS.items():
            subject = f"{table}.{column}"
            fits = needed <= columns.keys() and (not kinds or kind.startswith(kinds))
            if fits and _is_asked(limits, subject, metric):
                wanted[subject, metric] = expression.format(c=_name(column))
    return wanted


def _wanted_of_loads(table: str, columns: Mapping[str, str], limits: Sequence[Limit]) -> list[str]:
    if not columns.keys() >= _LOAD_COLUMNS:
        return []
    tables = [replace(limit, applies_to=limit.applies_to.partition(":")[0]) for limit in limits]
    return [c for c in columns if _is_asked(tables, f"{table}.{c}", _SHARE_OF_DELIVERED)]


def _is_asked(limits: Iterable[Limit], subject: str, metric: str) -> bool:
    return any(
        limit.metric == metric and fnmatchcase(subject, limit.applies_to) for limit in limits
    )


def _of_table(
    con: duckdb.DuckDBPyConnection, source: str, wanted: Mapping[tuple[str, str], str]
) -> _Numbers:
    select = "".join(f", ({expression})::double" for expression in wanted.values())
    [(rows, *values)] = con.execute(f"select count(*){select} from {source}").fetchall()
    return {key: _Number(value, rows) for key, value in zip(wanted.keys(), values, strict=True)}


def _of_loads(
    con: duckdb.DuckDBPyConnection, source: str, column: str, subject: str, after: int
) -> _Numbers:
    """The share of `column` in what was delivered after `after`, by system and feed.

    Only of new loads: in the whole history one wholly quarantined file would not be seen.
    """
    found = con.execute(
        f"""
        with loads as (
            select
                concat(system, '.', feed) as feed_name,
                if(load_id > $after, {_name(column)}, 0) as counted,
                if(load_id > $after, delivered, 0) as delivered
            from {source}
        )
        select feed_name, sum(counted)::double / nullif(sum(delivered), 0), sum(delivered)
        from loads
        group by feed_name
        order by feed_name
        """,
        {"after": after},
    ).fetchall()
    return {
        (f"{subject}:{feed}", _SHARE_OF_DELIVERED): _Number(share, int(delivered))
        for feed, share, delivered in found
    }


def _config(settings: Settings) -> dict[str, Any]:
    return {"threads": settings.threads, "memory_limit": settings.memory_limit}


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
