"""Golden records over time, by hand: what the models must find, day by day in plain Python.

Not the models' way: nothing here knows intervals. Each day is asked by itself what each record said
on it, and which of the values survives.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.settings import PROJECT_ROOT

Values = Mapping[str, Any]
Record = tuple[str, str]
LONG_AGO = dt.datetime(1, 1, 1, tzinfo=dt.UTC)

# Which of the values told survives; the most believed record's stands first.
CHOICES: Mapping[str, Callable[[list[Any]], Any]] = {
    "trusted_then_recent": lambda told: told[0],
    "earliest": min,
    "latest": max,
    "refusal_wins": min,
}


@dataclass(frozen=True)
class Version:
    """What one delivered row says of a record."""

    system: str
    customer_id: str
    precedence: int
    delivered_on: dt.date
    updated_at: dt.datetime | None = None
    values: Values = field(default_factory=dict)
    is_deleted: bool = False

    @property
    def record(self) -> Record:
        """Whose version it is."""
        return self.system, self.customer_id


@dataclass(frozen=True)
class Golden:
    """A customer on a day: surviving values, the version of each, and whether any record spoke."""

    values: Values
    sources: Mapping[str, Version]
    is_inferred: bool


def rules() -> dict[str, tuple[str, str]]:
    """Per attribute its group and survivorship rule, as the seed has them."""
    seed = PROJECT_ROOT / "seeds" / "identity" / "customer_attributes.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        return {
            row["attribute"]: (row["survives_with"], row["survivorship_rule"])
            for row in csv.DictReader(file)
        }


def golden_days(
    versions: Iterable[Version],
    records: Mapping[Record, dt.date],
    as_of: dt.date,
    trust: Mapping[str, int],
) -> dict[dt.date, Golden]:
    """One customer of the given records (and since when each is known), on every day to `as_of`."""
    by_record = {record: _known(versions, record, as_of) for record in records}
    day = min(records.values())
    days: dict[dt.date, Golden] = {}
    standing: dict[Record, Version] = {}
    while day <= as_of:
        for record, since in records.items():
            version = _said_on(day, since, by_record[record], as_of)
            if version and _content(version) != _content(standing.get(record)):
                standing[record] = version
        speaking = [version for version in standing.values() if not version.is_deleted]
        days[day] = _golden(speaking, trust)
        day += dt.timedelta(days=1)
    return days


def _known(versions: Iterable[Version], record: Record, as_of: dt.date) -> list[Version]:
    """The first version, whatever day it bears, and those that were said by the as-of date."""
    own = sorted(
        (v for v in versions if v.record == record),
        key=lambda v: (v.updated_at or LONG_AGO, v.precedence),
    )
    later = [v for v in own[1:] if v.updated_at is None or v.updated_at.date() <= as_of]
    return own[:1] + later


def _said_on(
    day: dt.date, since: dt.date, versions: list[Version], as_of: dt.date
) -> Version | None:
    """The last version that itself, or a later one, had begun; the first one from the beginning."""
    if day < since or not versions:
        return None
    begun = [
        place
        for place in range(len(versions))
        if any(_dated(later, as_of) <= day for later in versions[place:])
    ]
    return versions[max(begun, default=0)]


def _dated(version: Version, as_of: dt.date) -> dt.date:
    return min(version.updated_at.date() if version.updated_at else version.delivered_on, as_of)


def _content(version: Version | None) -> Any:
    if version is None:
        return None
    said = {} if version.is_deleted else {k: v for k, v in version.values.items() if v is not None}
    return version.updated_at, version.is_deleted, sorted(said.items(), key=str)


def _golden(speaking: list[Version], trust: Mapping[str, int]) -> Golden:
    preferred = sorted(speaking, key=lambda v: _preference(v, trust))
    values: dict[str, Any] = {}
    sources: dict[str, Version] = {}
    seed = rules()
    for attribute, (group, rule) in seed.items():
        members = [name for name, (other, _) in seed.items() if other == group]
        telling = [v for v in preferred if any(v.values.get(name) is not None for name in members)]
        if not telling:
            continue
        told = [v.values.get(attribute) for v in telling]
        choice = CHOICES[rule](told)
        if choice is not None:
            values[attribute] = choice
            sources[attribute] = telling[told.index(choice)]
    return Golden(values, sources, is_inferred=not speaking)


def _preference(version: Version, trust: Mapping[str, int]) -> tuple[Any, ...]:
    """The most preferred first."""
    changed = version.updated_at
    return (
        -trust.get(version.system, 0),
        changed is None,
        -(changed - LONG_AGO).total_seconds() if changed else 0,
        0 if changed else -version.delivered_on.toordinal(),
        version.system,
        0 if changed else -version.precedence,
        version.customer_id,
    )
