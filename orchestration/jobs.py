"""The one job: everything from the landing folder to the published marts."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from crm.operation.alerts import Alert, send
from crm.operation.shortage import advice
from crm.settings import load_settings
from orchestration.assets import MONTHS


@dg.failure_hook
def alert_on_failure(context: dg.HookContext) -> None:
    """A failed step raises an alert, whoever started the run."""
    cause = str(context.op_exception) if context.op_exception else "no exception was recorded"
    settings = load_settings()
    send(
        settings,
        Alert(
            kind="failed_run",
            title=f"Step '{context.op.name}' of run {context.run_id[:8]} failed",
            cause=cause,
            fix="The last published version stands. "
            + (advice(cause, settings) or "Mend the cause, then run `crm build`."),
            at=dt.datetime.now(dt.UTC),
        ),
    )


build = dg.define_asset_job(
    "build",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(MONTHS),
    executor_def=dg.in_process_executor,
    hooks={alert_on_failure},
    description="Landing to published marts. The schedule, the sensor and `crm build` run this.",
)
