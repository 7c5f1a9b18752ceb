"""What is late: sources that stopped delivering, and builds that stopped succeeding.

Pure: facts and the present moment come in, alerts go out. Not here: reading deliveries and runs,
asking the clock, and sending (`alerts.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from crm.contracts import SourceTable
from crm.operation.alerts import Alert
from crm.settings import Settings


class Delivered(Protocol):
    """The part of a delivery's record that lateness needs."""

    @property
    def system(self) -> str:
        """The delivering system."""

    @property
    def table(self) -> str:
        """The table delivered to."""

    @property
    def delivered_at(self) -> str:
        """When the file was first seen: an ISO 8601 instant, in UTC where it has no offset."""


def late_sources(
    tables: Iterable[SourceTable], deliveries: Iterable[Delivered], now: dt.datetime
) -> list[Alert]:
    """One alert per table whose newest delivery is older than its `late_after_hours`, or is none.

    A table that declares no `late_after_hours` is never late; one exactly as old as allowed is not
    late yet. Alerts are in the order of system and table. `now` is an aware instant.
    """
    newest: dict[tuple[str, str], dt.datetime] = {}
    for delivery in deliveries:
        key = (delivery.system, delivery.table)
        at = _instant(delivery.delivered_at)
        newest[key] = max(at, newest.get(key, at))
    alerts = []
    for table in sorted(tables, key=lambda table: (table.system, table.name)):
        if table.late_after_hours is None:
            continue
        last = newest.get((table.system, table.name))
        if last is not None and now - last <= dt.timedelta(hours=table.late_after_hours):
            continue
        since = "has never delivered" if last is None else f"delivered last {_ago(last, now)}"
        alerts.append(
            Alert(
                kind="late_source",
                title=f"{table.system} {table.name} is late",
                cause=f"{table.system}/{table.name} {since}; "
                f"a delivery is due every {table.late_after_hours:g} hours.",
                fix=f"Ask the owner of {table.system}, and see that its files reach "
                f"landing/{table.system}/{table.name}/.",
                at=now,
            )
        )
    return alerts


def stale_build(
    last_success_at: dt.datetime | None, settings: Settings, now: dt.datetime
) -> Alert | None:
    """An alert when no build has succeeded for more than `settings.stale_after_hours`.

    That is what a stopped schedule, a dead daemon or a build that always fails looks like from
    outside. None where the last success is recent enough.
    """
    if last_success_at is not None:
        if now - last_success_at <= dt.timedelta(hours=settings.stale_after_hours):
            return None
        since = f"The last successful build ended {_ago(last_success_at, now)}"
    else:
        since = "No build has succeeded yet"
    return Alert(
        kind="stale_build",
        title="The marts are stale",
        cause=f"{since}; one is due every {settings.stale_after_hours:g} hours.",
        fix="Run `crm doctor`, then see that the scheduler runs and why its last run failed.",
        at=now,
    )


def _instant(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _ago(then: dt.datetime, now: dt.datetime) -> str:
    hours = (now - then) / dt.timedelta(hours=1)
    return f"{hours:,.1f} hours ago, at {then.astimezone(dt.UTC).isoformat(timespec='seconds')}"
