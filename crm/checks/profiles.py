"""The profile of one delivery: a few numbers about its shape, from one scan of its Parquet file.

Kept beside the lake under the content's hash, written once and disposable, so that a night profiles
what is new and not the history. No value of any row is in it. What is plausible is `door.py`'s to
say, what a single row may hold the feeds' (`macros/feeds/`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import duckdb

from crm.contracts import SourceTable
from crm.errors import CrmError
from crm.settings import Settings

PROFILE_VERSION = 1  # raise it when the metrics change: profiles are then made anew
Profile = Mapping[str, Mapping[str, float | None]]
"""Numbers by column by metric; none where there was nothing to measure."""

_TEXT = {
    "null_share": "1 - count({v}) / nullif(count(*), 0)",
    "distinct_count": "approx_count_distinct({v})",
}
_LENGTH = {"min_length": "min(length({v}))", "max_length": "max(length({v}))"}
_NUMBER = {
    "negative_share": "count(*) filter ({v} < 0) / nullif(count({v}), 0)",
    "median_value": "approx_quantile({v}, 0.5)",
    "mean_value": "avg({v})",
}
_MOMENT = {
    "days_covered": "date_diff('day', min({v}), max({v})) + 1",
    "after_delivery_share": "count(*) filter ({v} > $delivered_at::timestamp + interval 1 day)"
    " / nullif(count({v}), 0)",
}
COLUMN_METRICS = frozenset({*_TEXT, *_LENGTH, *_NUMBER, *_MOMENT})
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "HUGEINT")
_MOMENTS = ("TIMESTAMP", "DATE")


class ProfileError(CrmError):
    """A file of the lake cannot be profiled."""


class Delivery(Protocol):
    """What is asked of a delivery here; `crm.lake.deliveries.Delivery` has it."""

    @property
    def load_id(self) -> int: ...  # noqa: D102
    @property
    def system(self) -> str: ...  # noqa: D102
    @property
    def table(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def content_hash(self) -> str: ...  # noqa: D102
    @property
    def stored_as(self) -> str: ...  # noqa: D102
    @property
    def contract_fingerprint(self) -> str: ...  # noqa: D102
    @property
    def delivered_at(self) -> str: ...  # noqa: D102
    @property
    def delivered(self) -> int: ...  # noqa: D102
    @property
    def records(self) -> int: ...  # noqa: D102
    @property
    def unparseable(self) -> int: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102


def scanner(settings: Settings) -> duckdb.DuckDBPyConnection:
    """What profiles are made with, one for many: opening it costs as much as a day's file."""
    return duckdb.connect(
        config={"threads": settings.threads, "memory_limit": settings.memory_limit}
    )


def profile(
    con: duckdb.DuckDBPyConnection, settings: Settings, table: SourceTable, delivery: Delivery
) -> Profile:
    """The kept profile of a taken delivery, or else a new one, which is then kept.

    Content that came before keeps the profile of its first delivery. `con`: a `scanner`. Raises
    `ProfileError`.
    """
    # What decides the numbers beside the content: how it was read, what is measured.
    declared = [[column.name, column.data_type] for column in table.columns]
    decisive = json.dumps([PROFILE_VERSION, delivery.contract_fingerprint, declared])
    version = hashlib.sha256(decisive.encode()).hexdigest()[:8]
    folder = settings.raw / "_profiles" / table.system / table.name
    kept = folder / f"{delivery.content_hash}.{version}.json"
    try:
        profiled: dict[str, dict[str, float | None]] = json.loads(kept.read_bytes())
        return profiled
    except (OSError, ValueError):
        pass  # not there, or cut short by a crash: it is made from the file again
    file = settings.raw / table.system / table.name / f"{delivery.stored_as}.parquet"
    profiled = _scan(con, table, file, delivery.delivered_at)
    _keep(kept, profiled)
    return profiled


def _scan(
    con: duckdb.DuckDBPyConnection, table: SourceTable, file: Path, delivered_at: str
) -> dict[str, dict[str, float | None]]:
    source = f"read_parquet({_text(file)})"
    profiled: dict[str, dict[str, float | None]] = {}
    measured: list[tuple[str, str, str]] = []
    try:
        described = con.execute(f"describe from {source}").fetchall()
        present = {name.lower(): (name, kind) for name, kind, *_ in described}
        for column in table.columns:
            if column.name.lower() not in present:
                profiled.setdefault("null_share", {})[column.name] = 1.0
                continue
            delivered, kind = present[column.name.lower()]
            for metric, expression in _expressions(delivered, kind, column.data_type).items():
                measured.append((metric, column.name, expression))
        if not measured:
            return profiled
        select = ", ".join(f"({expression})::double" for *_, expression in measured)
        query = f"select {select} from {source}"
        named = {"delivered_at": delivered_at} if "$delivered_at" in query else {}
        [row] = con.execute(query, named).fetchall()
    except duckdb.Error as error:
        raise ProfileError(
            f"{file} cannot be profiled: {error}",
            fix="A file of the lake never changes: restore it from a backup, or deliver it again.",
        ) from error
    for (metric, column_name, _), value in zip(measured, row, strict=True):
        profiled.setdefault(metric, {})[column_name] = value
    return profiled


def _expressions(name: str, kind: str, declared: str) -> dict[str, str]:
    """What to measure of a column: by the file's own type, or, in text, by the declared one."""
    column = '"' + name.replace('"', '""') + '"'
    is_text = kind == "VARCHAR"
    value = f"nullif(trim({column}), '')" if is_text else column
    found = {metric: sql.format(v=value) for metric, sql in _TEXT.items()}
    if is_text:
        found |= {metric: sql.format(v=value) for metric, sql in _LENGTH.items()}
        kind = declared.upper()
    if kind.startswith(_NUMBERS):
        number = f"try_cast({value} as double)"
        found |= {metric: sql.format(v=number) for metric, sql in _NUMBER.items()}
    if kind.startswith(_MOMENTS):
        # Microseconds and not a cast: that would read an instant in this machine's zone.
        is_instant = "TIME ZONE" in kind and not is_text
        moment = (
            f"make_timestamp(epoch_us({value}))"
            if is_instant
            else f"try_cast({value} as timestamp)"
        )
        found |= {metric: sql.format(v=moment) for metric, sql in _MOMENT.items()}
    return found


def _keep(file: Path, profiled: Profile) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.new")
        new.write_text(json.dumps(profiled, indent=1, ensure_ascii=False), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise ProfileError(
            f"The profile {file} cannot be kept: {error}.",
            fix="Make room or mend the rights, and run again.",
        ) from error


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
