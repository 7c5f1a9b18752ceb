"""What could keep tonight's build from running, and what readers see, looked at by day.

Each finding names the cause and the fix. What a source must deliver when is `freshness.py`.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
from rich.console import Console

from crm.contracts import load_systems, load_tables
from crm.errors import CrmError
from crm.extraction.databases import reached
from crm.lake.deliveries import read_deliveries
from crm.lake.landing import misplaced
from crm.operation.freshness import late_sources, stale_build
from crm.operation.locking import refuse_network_file_system, writer_lock
from crm.operation.shortage import bytes_wanted
from crm.publication import marts
from crm.publication.versions import current_manifest
from crm.settings import Settings

_LEAST_BYTES = 500_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at. A `fix` is there when, and only when, something is to be mended."""

    subject: str
    says: str
    fix: str | None = None


def examine(settings: Settings, console: Console) -> bool:
    """Print every finding; whether all is well."""
    is_well = True
    for finding in findings(settings, dt.datetime.now(dt.UTC)):
        mark = "[green]ok[/green]  " if finding.fix is None else "[red]mend[/red]"
        console.print(f"{mark} {finding.subject}: ", end="")
        console.print(finding.says, markup=False, highlight=False)
        if finding.fix is not None:
            console.print(f"     {finding.fix}", markup=False, highlight=False)
            is_well = False
    return is_well


def findings(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    yield Finding(
        "versions",
        f"duckdb {duckdb.__version__}, dbt-core {importlib.metadata.version('dbt-core')}, "
        f"dagster {importlib.metadata.version('dagster')}",
    )
    yield Finding("home", str(settings.home))
    for subject, look in (
        ("systems", _systems),
        ("folders", _folders),
        ("disk", _disk),
        ("writer", _writer),
        ("published", _published),
    ):
        yield _told(subject, lambda look=look: look(settings))  # type: ignore[misc]
    for warning in misplaced(settings, load_tables(settings)):
        yield Finding("landing", warning, "Move it, or switch on the system that it is meant for.")
    for system in load_systems(settings).values():
        if system.database is not None:
            yield _told(f"database {system.name}", partial(reached, system.database))
    taken = [delivery for delivery in read_deliveries(settings) if delivery.is_taken]
    alerts = late_sources(load_tables(settings).values(), taken, now)
    manifest = current_manifest(settings)
    stale = stale_build(manifest.created_at, settings, now) if manifest else None
    for alert in [*alerts, *([stale] if stale else [])]:
        yield Finding(alert.kind, alert.cause, alert.fix)


def _told(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, look())
    except CrmError as error:
        return Finding(subject, error.cause, error.fix)


def _systems(settings: Settings) -> str:
    return ", ".join(
        f"{system.name} ({', '.join(table.name for table in system.tables)})"
        for system in load_systems(settings).values()
    )


def _folders(settings: Settings) -> str:
    for folder in (settings.landing, settings.raw, settings.build, settings.published):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise CrmError(f"{folder} cannot be written.", fix="Give this user the right to.")
    refuse_network_file_system(settings.build, Path("/proc/mounts").read_text(encoding="utf-8"))
    return "landing, raw, build and published can be written"


def _disk(settings: Settings) -> str:
    free, wanted = shutil.disk_usage(settings.build).free, max(bytes_wanted(settings), _LEAST_BYTES)
    if free < wanted:
        raise CrmError(
            f"{free / 1e9:.1f} GB are free where a build may want {wanted / 1e9:.1f} GB.",
            fix="Make room, or keep fewer versions (keep_versions).",
        )
    return f"{free / 1e9:.1f} GB free, a build may want {wanted / 1e9:.1f} GB"


def _writer(settings: Settings) -> str:
    with writer_lock(settings.model_copy(update={"lock_wait_seconds": 0.0}), "crm doctor"):
        return "no build is running"


def _published(settings: Settings) -> str:
    manifest = current_manifest(settings)
    if manifest is None:
        raise CrmError("Nothing is published yet.", fix="Run `crm build`.")
    tables = marts.query(settings, "select count(*) from duckdb_tables()").rows[0][0]
    return f"version {manifest.version} opens, {tables} tables"
