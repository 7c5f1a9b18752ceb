"""How this project runs dbt: its environment, its variables, its manifest.

The process is `dbt_process.py`. What dbt builds is `models/`; which assets that makes is in
`assets.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliInvocation, DbtCliResource
from dagster_dbt.errors import DagsterDbtError

from crm.contracts import load_tables
from crm.errors import CrmError
from crm.settings import PROJECT_ROOT, Settings
from orchestration.inputs import PROJECT, hash_of_files


class DbtError(CrmError):
    """dbt could not read the project, or did not come to its end."""


def target_path(settings: Settings) -> Path:
    """Where dbt writes its manifest, run results and compiled SQL."""
    return settings.build / "dbt"


def use_environment(settings: Settings) -> None:
    """Set the variables that `profiles.yml` reads, for the dbt processes this one starts."""
    os.environ.update(
        WAREHOUSE_BUILD=str(settings.build),
        WAREHOUSE_THREADS=str(settings.threads),
        WAREHOUSE_MEMORY_LIMIT=settings.memory_limit,
        # Its second log, a file of every statement, takes a seventh of a build's time; what it says
        # of each node goes to the run's own log.
        DBT_LOG_LEVEL_FILE="none",
    )


def variables(settings: Settings) -> list[str]:
    """dbt's `--vars` argument. It must not change from run to run, or dbt parses all anew."""
    systems: dict[str, dict[str, str]] = defaultdict(dict)
    for (system, name), table in sorted(load_tables(settings).items()):
        systems[system][name] = table.feed
    return ["--vars", json.dumps({"systems": systems})]


def leaving_out(nodes: Collection[str]) -> list[str]:
    """dbt's arguments to build all but `nodes` (their fqn), tests by their own names alone."""
    return ["--indirect-selection", "empty", "--exclude", " ".join(nodes)] if nodes else []


def resource(settings: Settings) -> DbtCliResource:
    """dbt's command line, bound to this project and dying with this process."""
    return DbtCliResource(
        project_dir=str(PROJECT_ROOT),
        profiles_dir=str(PROJECT_ROOT),
        dbt_executable=str(Path(sys.executable).with_name("crm-dbt")),
    )


def events_of(run: DbtCliInvocation) -> Iterator[Any]:
    """What dbt does, as it does it. Raises `DbtError` when dbt was killed, else dbt's own error."""
    try:
        yield from run.stream()
    except DagsterDbtError:
        if run.process.returncode >= 0:
            raise
        killed_by = signal.Signals(-run.process.returncode).name
        raise DbtError(
            f"dbt was killed ({killed_by}) while it built the models.",
            fix="See what killed it: memory, a reboot, a person. Then run `crm build` again.",
        ) from None


def prepare_manifest(settings: Settings) -> Path:
    """The manifest of the project as it stands, parsed anew only when its files or systems changed.

    Raises `DbtError` with dbt's own words when the project does not parse.
    """
    use_environment(settings)
    target = target_path(settings)
    target.mkdir(parents=True, exist_ok=True)
    manifest, mark = target / "manifest.json", target / "manifest.fingerprint"
    fingerprint = f"{variables(settings)} {hash_of_files(PROJECT)}"
    if manifest.exists() and mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return manifest
    command = [
        str(Path(sys.executable).with_name("crm-dbt")),
        "--quiet",
        "parse",
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(target)),
        *variables(settings),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DbtError(
            f"dbt cannot read the project: {(done.stdout + done.stderr).strip()}",
            fix="Mend the file it names.",
        )
    mark.write_text(fingerprint, encoding="utf-8")
    return manifest
