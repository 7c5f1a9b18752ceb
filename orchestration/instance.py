"""Dagster's instance of one warehouse: its home folder and how a build is started in this process.

What the job does is `assets.py`. This is what `crm build` and `crm dev` use.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from crm.operation.shortage import advice
from crm.publication.versions import current_version
from crm.settings import Settings
from orchestration import runs
from orchestration.assets import NOT_EXTRACTED, PUBLISHED, BuildConfig
from orchestration.definitions import compose


@dataclass(frozen=True)
class BuildResult:
    """How a build ended. `failures` has one message per failed step or check, the cause first.

    `not_extracted` has one message per table of a database that could not be read: the rest was
    built all the same.
    """

    is_success: bool
    run_id: str
    version: str | None
    is_new_version: bool
    checks_passed: int
    checks_failed: int
    checks_warned: int
    failures: tuple[str, ...]
    not_extracted: tuple[str, ...]


def prepare_home(settings: Settings) -> Path:
    """Make `$CRM_HOME/dagster` and point Dagster at it."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("dagster.yaml"), home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def run_build(settings: Settings, config: BuildConfig) -> BuildResult:
    """Run the job `build` in this process, recorded in the warehouse's instance."""
    prepare_home(settings)
    # Where nothing is built no check has a result to wait for; publishing is skipped. No warning.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    job = compose(settings).resolve_job_def("build")
    # dbt says line by line what it does: kept for who wants to read it, out of the summary's way.
    said = settings.build / "dbt_output.log"
    said.parent.mkdir(parents=True, exist_ok=True)
    with (
        dg.DagsterInstance.get() as instance,
        said.open("w", encoding="utf-8") as log,
        redirect_stdout(log),
    ):
        result = job.execute_in_process(
            instance=instance,
            run_config={
                "ops": {"ingest": {"config": config.model_dump()}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            raise_on_error=False,
            tags=runs.process_tag(),
        )
        checks = result.get_asset_check_evaluations()
        published = result.asset_materializations_for_node("publish") if result.success else []
        ingested = result.asset_materializations_for_node("ingest")
    metadata = {
        name: value.value
        for event in published
        if event.asset_key == PUBLISHED
        for name, value in event.metadata.items()
    }
    errors = [c for c in checks if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR]
    return BuildResult(
        is_success=result.success,
        run_id=result.run_id,
        version=str(metadata["version"]) if metadata else current_version(settings),
        is_new_version=bool(metadata.get("is_new")),
        checks_passed=sum(check.passed for check in checks),
        checks_failed=len(errors),
        checks_warned=sum(
            not check.passed and check.severity == dg.AssetCheckSeverity.WARN for check in checks
        ),
        failures=(
            *(_failure(event, settings) for event in result.all_events if event.is_step_failure),
            *(
                f"{check.asset_key.to_user_string()}: {check.description or check.check_name}"
                for check in errors
            ),
        ),
        not_extracted=tuple(
            dict.fromkeys(
                line
                for event in ingested
                if NOT_EXTRACTED in event.metadata
                for line in str(event.metadata[NOT_EXTRACTED].value).splitlines()
            )
        ),
    )


def open_web_ui(settings: Settings, arguments: Sequence[str]) -> None:
    """Become Dagster's web UI and daemon. Does not return."""
    prepare_home(settings)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(dagster, [dagster, "dev", "-m", "orchestration.definitions", *arguments])  # noqa: S606


def _failure(event: dg.DagsterEvent, settings: Settings) -> str:
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    said = error.message.strip() if error else (event.message or "The step failed.")
    return "\n".join([said, *filter(None, [advice(said, settings)])])
