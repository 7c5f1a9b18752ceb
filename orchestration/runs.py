"""Runs that died without a word: how they are known, and how their records are ended.

A killed process cannot mark its own run as failed. Every run notes the process that does its work;
the next one to hold the writer's lock, and a sensor, end the records of those whose process is
gone, and only those. Without the sensor a dead run would keep its place under the queue's limit,
and no run would ever start by itself again.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import dagster as dg

from crm.operation.alerts import Alert, send
from crm.settings import Settings

PROCESS_TAG = "crm/process"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tag() -> dict[str, str]:
    """The tag by which a run notes that this process does its work."""
    return {PROCESS_TAG: _process(os.getpid())}


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings, now: dt.datetime) -> list[str]:
    """Mark unfinished runs whose process is gone as failed, with an alert each; their ids.

    A run notes its process before its first step. One that has not done so long after it was made
    died before it could; how long is Dagster's own limit for runs that do not start.
    """
    ended = []
    patience = dt.timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    for record in instance.get_run_records(filters=dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        process = run.tags.get(PROCESS_TAG)
        if process is None:
            is_dead = now - record.update_timestamp.replace(tzinfo=dt.UTC) > patience
        else:
            is_dead = _process(int(process.split(":")[0])) != process
        if is_dead:
            message = f"The process of run {run.run_id} was killed; a later run found and ended it."
            instance.report_run_failed(run, message)
            send(
                settings,
                Alert(
                    kind="failed_run",
                    title=f"Run {run.run_id[:8]} died",
                    cause=message,
                    fix="Nothing was published by it. See what killed it: memory, a reboot, a "
                    "person.",
                    at=now,
                ),
            )
            ended.append(run.run_id)
    return ended


def _process(pid: int) -> str:
    """A process as pid and start time, since pids are used again; no start time means gone."""
    try:
        # The start time is field 22; the name in field 2 may hold spaces and brackets.
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return f"{pid}:gone"
    return f"{pid}:{after_name.split()[19]}"
