"""Runs that died without a word: how they are known, and how their records are ended.

A killed process cannot mark its own run as failed. Every run notes the process that does its work;
the next one to hold the writer's lock ends the records of those whose process is gone, and only
those.
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
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def tag_with_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Note on the run which process does its work."""
    instance.add_run_tags(run_id, {PROCESS_TAG: _process(os.getpid())})


def end_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Mark unfinished runs whose process is gone as failed, with an alert each; their ids."""
    ended = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED)):
        process = run.tags.get(PROCESS_TAG)
        if process and _process(int(process.split(":")[0])) != process:
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
                    at=dt.datetime.now(dt.UTC),
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
