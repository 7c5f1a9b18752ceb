"""Is what has just arrived plausible? Judged at the door, before any of it is built into marts.

Shape, volume and distribution of each new delivery against `seeds/quality/door_limits.csv` and the
feed's own history. Never a single row: what a row may hold is the feed's contract, and which keys
must exist are dbt tests.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from crm.checks.expectations import NAMED, CheckOutcome, judge, write_data_docs
from crm.checks.limits import LIMITS, Check, Measurement, load_limits, make_checks
from crm.checks.profiles import COLUMN_METRICS, Delivery, Profile, profile, scanner
from crm.contracts import SourceTable
from crm.publication.versions import current_manifest
from crm.settings import Settings

DOOR_LIMITS = LIMITS / "door_limits.csv"
DOOR_METRICS = COLUMN_METRICS | {"rows", "is_empty", "unparseable_share"}
# A delivery is compared with the latest ones before it, so that slow growth is never an alarm.
HISTORY = 30

AnyDelivery = TypeVar("AnyDelivery", bound=Delivery)
_Numbers = Mapping[tuple[str, str], float | None]
"""By metric and column ('' for the whole delivery); none where there was nothing to measure."""


def not_yet_published(
    settings: Settings, deliveries: Iterable[AnyDelivery], known_at: int | None = None
) -> list[AnyDelivery]:
    """The deliveries, up to `known_at`, that the version which readers see does not know.

    What has to be judged: a run that follows one stopped at the door brings nothing new itself, and
    must not let through what stopped the other.
    """
    manifest = current_manifest(settings)
    published = manifest.known_at if manifest else 0
    return [
        delivery
        for delivery in deliveries
        if published < delivery.load_id and (known_at is None or delivery.load_id <= known_at)
    ]


def judge_deliveries(
    settings: Settings,
    tables: Mapping[tuple[str, str], SourceTable],
    deliveries_new: Iterable[Delivery],
    deliveries_all: Iterable[Delivery],
    progress: Callable[[str, int, int], None] = lambda path, done, total: None,
    limits_file: Path = DOOR_LIMITS,
) -> list[CheckOutcome]:
    """Judge the new deliveries, each against those of its feed before it; none when none is new.

    One outcome for each limit and feed. `deliveries_new`: see `not_yet_published`; refused files
    and those of systems that are switched off are not judged, for nothing is built from them.
    `progress` is told each path and how many of how many are measured. Raises `LimitError`,
    `ProfileError` or `ExpectationsError`.
    """
    new = [d for d in deliveries_new if d.status == "taken" and (d.system, d.table) in tables]
    if not new:
        return []
    limits = load_limits(limits_file)
    arrived: dict[Measurement, Delivery] = {}
    with closing(scanner(settings)) as con:
        known: dict[int, _Numbers] = {}
        for done, (delivery, history) in enumerate(_with_history(new, deliveries_all), 1):
            table = tables[delivery.system, delivery.table]
            for each in (*history, delivery):
                if each.load_id not in known:
                    known[each.load_id] = _numbers(each, profile(con, settings, table, each))
            past = [known[earlier.load_id] for earlier in history]
            for measurement in _measurements(delivery, known[delivery.load_id], past):
                arrived.setdefault(measurement, delivery)
            progress(delivery.path, done, len(new))
    feeds = {measurement.group for measurement in arrived}
    unknown = [limit for limit in limits if limit.metric not in DOOR_METRICS]
    checks = make_checks(limits, arrived, itertools.product(sorted(feeds), unknown))
    outcomes = judge(settings, "door", checks, lambda check: _advice(check, arrived))
    if any(outcome.blocks for outcome in outcomes):
        write_data_docs(settings)  # the run ends here, so nobody else will
    return outcomes


def _with_history(
    new: Iterable[Delivery], everything: Iterable[Delivery]
) -> Iterator[tuple[Delivery, tuple[Delivery, ...]]]:
    wanted = {delivery.load_id for delivery in new}
    latest: dict[tuple[str, str], deque[Delivery]] = {}
    for delivery in sorted(everything, key=lambda each: each.load_id):
        if delivery.status == "taken":
            feed = latest.setdefault((delivery.system, delivery.table), deque(maxlen=HISTORY))
            if delivery.load_id in wanted:
                yield delivery, tuple(feed)
            feed.append(delivery)


def _numbers(delivery: Delivery, profiled: Profile) -> _Numbers:
    lines = delivery.delivered
    whole: dict[tuple[str, str], float | None] = {
        ("rows", ""): delivery.records,
        ("is_empty", ""): float(lines == 0),
        ("unparseable_share", ""): delivery.unparseable / lines if lines else None,
    }
    return whole | {
        (metric, column): value
        for metric, columns in profiled.items()
        for column, value in columns.items()
    }


def _measurements(
    delivery: Delivery, numbers: _Numbers, past: Sequence[_Numbers]
) -> Iterator[Measurement]:
    for (metric, column), value in numbers.items():
        history = (earlier.get((metric, column)) for earlier in past)
        yield Measurement(
            group=f"{delivery.system}/{delivery.table}",
            subject=f"{delivery.path}:{column}" if column else delivery.path,
            metric=metric,
            value=value,
            history=tuple(number for number in history if number is not None),
            rows=delivery.records,
        )


def _advice(check: Check, arrived: Mapping[Measurement, Delivery]) -> str:
    files = {arrived[measurement].load_id: arrived[measurement] for measurement, _ in check.outside}
    first = min(files)
    named = [f"`crm withdraw {load_id}` ({files[load_id].path})" for load_id in sorted(files)]
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return (
        f"Where a file is wrong, withdraw it: {', '.join(named[:NAMED])}{more}; where it is right, "
        f"add a row for it to {DOOR_LIMITS.name} with the reason. Until then, "
        f"`crm build --known-at {first - 1}` publishes what came before."
    )
