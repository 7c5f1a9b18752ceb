"""What is watched between builds: new files, killed runs, late sources, a stopped schedule.

What counts as late is `crm/operation/freshness.py`, how an alert reaches people `alerts.py` there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import dagster as dg

from crm.contracts import load_tables
from crm.lake import ingestion as lake
from crm.operation.alerts import Alert, send
from crm.operation.freshness import late_sources, stale_build
from crm.settings import load_settings
from orchestration.jobs import build
from orchestration.runs import end_dead_runs

_SECONDS_BETWEEN_LOOKS = 60
_SECONDS_BETWEEN_WATCHES = 900


@dg.sensor(
    job=build,
    minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A build as soon as the landing folder holds what no build has looked into."""
    settings = load_settings()
    mark = lake.unseen(settings, load_tables(settings))
    if not mark or mark == context.cursor:
        return dg.SkipReason("Nothing new in the landing folder.")
    context.update_cursor(mark)
    return dg.RunRequest(run_key=f"landing-{mark}")


@dg.sensor(
    minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Ends the records of runs that were killed: the queue would wait for them forever."""
    ended = end_dead_runs(context.instance, load_settings(), dt.datetime.now(dt.UTC))
    return dg.SkipReason(f"Ended the records of {len(ended)} killed runs.")


@dg.sensor(
    minimum_interval_seconds=_SECONDS_BETWEEN_WATCHES,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Alerts for late sources and for builds that no longer happen, once per occurrence."""
    settings, now = load_settings(), dt.datetime.now(dt.UTC)
    taken = [delivery for delivery in lake.read_deliveries(settings) if delivery.is_taken]
    alerts = late_sources(load_tables(settings).values(), taken, now)
    stale = stale_build(last_success(context.instance), settings, now)
    stopped = _stopped_schedule(context, now)
    alerts += [alert for alert in (stale, stopped) if alert]
    known = set(json.loads(context.cursor or "[]"))
    current = {hashlib.sha256(f"{a.kind}{a.title}".encode()).hexdigest()[:16]: a for a in alerts}
    for mark, alert in current.items():
        if mark not in known:
            send(settings, alert)
    context.update_cursor(json.dumps(sorted(current)))
    return dg.SkipReason(f"{len(alerts)} things are late or stopped.")


def last_success(instance: dg.DagsterInstance) -> dt.datetime | None:
    """When a build last ended well."""
    records = instance.get_run_records(
        dg.RunsFilter(job_name=build.name, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
    )
    if not records or records[0].end_time is None:
        return None
    return dt.datetime.fromtimestamp(records[0].end_time, dt.UTC)


def _stopped_schedule(context: dg.SensorEvaluationContext, now: dt.datetime) -> Alert | None:
    for state in context.instance.all_instigator_state():
        if state.name == "daily" and state.status.value == "STOPPED":
            return Alert(
                kind="stopped_schedule",
                title="The daily schedule is stopped",
                cause="Someone switched it off; no build runs by itself but for new files.",
                fix="Switch it on again under Automation in `crm dev`.",
                at=now,
            )
    return None
