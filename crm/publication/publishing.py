"""From a build's marts database to a new published version, or to none when nothing changed.

Copies, reads everything back, exports Parquet, and only then swaps. It computes no mart and decides
nothing about quality: what must hold before publishing is checked before it is called. What is done
to the file is `mart_file.py`, how versions lie on disk `versions.py`, what they promise
`mart_contract.py`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.operation.locking import require_space
from crm.publication.mart_contract import (
    Contract,
    contract_from_manifest,
    require_kept,
    require_no_direct_identifiers,
)
from crm.publication.mart_file import (
    MARTS_FILE,
    PublishedTable,
    close_marts,
    copy_marts,
    export_parquet,
    open_copy,
    read_back,
    storage_version,
)
from crm.publication.versions import (
    BEING_MADE,
    Manifest,
    PublishError,
    current_manifest,
    current_version,
    ensure_links,
    is_rolled_back,
    list_versions,
    make_current,
    next_version_id,
    prune,
    publish_lock,
    read_manifest,
    remove_unfinished,
    rollback,
    sync,
    told_plainly,
    version_folder,
    write_manifest,
)
from crm.settings import Settings

__all__ = [
    "Clock",
    "Contract",
    "Publication",
    "PublishError",
    "contract_from_manifest",
    "current_manifest",
    "list_versions",
    "publish",
    "rollback",
]

# Describes the deliveries, not the customers: a change here alone does not undo a rollback.
QUALITY_SCHEMA = "quality"
_SPARE_BYTES = 16 * 2**20
STEPS = 8  # how often `progress` is told of one publication


@dataclass(frozen=True)
class Clock:
    """What the marts know: events up to the end of `as_of_date`, deliveries up to `known_at`.

    `as_of_date` is none while no order has ever been accepted.
    """

    as_of_date: dt.date | None
    known_at: int


@dataclass(frozen=True)
class Publication:
    """What publishing did. Without a new version, `version` is the one that readers keep seeing.

    `changed` names the tables that differ from the newest version; `rows` counts all tables' rows.
    """

    version: str
    is_new: bool
    tables: Mapping[str, PublishedTable]
    changed: tuple[str, ...]
    rows: int


def publish(
    settings: Settings,
    run_id: str,
    clock: Clock,
    contract: Contract,
    now: dt.datetime,
    progress: Callable[[str], None] = lambda step: None,
) -> Publication:
    """Publish `build/marts.duckdb`, which no process may have open.

    Readers see the last version until the swap and the new one after it; a process killed anywhere
    leaves the last version standing, and the next publication cleans up. When every table is as in
    the newest version nothing is published. `now` names the version; `progress` hears each step
    once it is done. Raises `PublishError`, `MartFileError`, `MartContractError`, `NoSpaceError`
    or `LockHeldError`.
    """
    source = settings.build / MARTS_FILE
    require_no_direct_identifiers(contract)
    with publish_lock(settings, f"publish of run {run_id}"), told_plainly(settings):
        (settings.published / "versions").mkdir(exist_ok=True)
        ensure_links(settings)
        remove_unfinished(settings)
        published = current_manifest(settings)
        if published:
            require_kept(published.contract, contract, now.date())
        close_marts(settings, source)
        require_space(settings.published, 2 * source.stat().st_size + _SPARE_BYTES)
        progress("checked")
        making = settings.published / "versions" / f"new{BEING_MADE}"
        try:
            making.mkdir()
            copy_marts(settings, source, making / MARTS_FILE)
            progress("copied")
            with closing(open_copy(settings, making / MARTS_FILE)) as connection:
                tables = read_back(connection, contract)
                progress("read back")
                unchanged = _unchanged(settings, tables)
                if unchanged:
                    return unchanged
                export_parquet(connection, making / "parquet", tables)
                progress("exported")
                manifest = _manifest(settings, connection, making, run_id, clock, now, tables)
            write_manifest(making, manifest)
            _sync_tree(making)
            progress("synced")
            changed = _changed(settings, tables)
            making.rename(version_folder(settings, manifest.version))
            sync(settings.published / "versions")
            progress("whole")
        finally:
            shutil.rmtree(making, ignore_errors=True)
        make_current(settings, manifest.version)
        progress("swapped")
        prune(settings)
        progress("pruned")
        return _publication(manifest.version, tables, changed, is_new=True)


def _changed(settings: Settings, tables: Mapping[str, PublishedTable]) -> tuple[str, ...]:
    """The tables that differ from the newest version's, new and retired ones among them."""
    kept = list_versions(settings)
    newest = read_manifest(settings, kept[-1]).tables if kept else {}
    names = sorted(tables.keys() | newest.keys())
    return tuple(name for name in names if tables.get(name) != newest.get(name))


def _unchanged(settings: Settings, tables: Mapping[str, PublishedTable]) -> Publication | None:
    """What to answer when the newest version has all this already, or none when it has not.

    A newest version that nobody rolled back from and that is not current lost its swap to a crash.
    """
    kept, current = list_versions(settings), current_version(settings)
    if not kept:
        return None
    newest, changed = kept[-1], _changed(settings, tables)
    if newest != current and is_rolled_back(settings, newest):
        if any(not name.startswith(f"{QUALITY_SCHEMA}.") for name in changed):
            return None
        return _publication(current or newest, tables, changed, is_new=False)
    if changed:
        return None
    make_current(settings, newest)
    return _publication(newest, tables, changed, is_new=newest != current)


def _publication(
    version: str, tables: Mapping[str, PublishedTable], changed: tuple[str, ...], *, is_new: bool
) -> Publication:
    rows = sum(table.rows for table in tables.values())
    return Publication(version, is_new, tables, changed, rows)


def _manifest(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    making: Path,
    run_id: str,
    clock: Clock,
    now: dt.datetime,
    tables: Mapping[str, PublishedTable],
) -> Manifest:
    content = hashlib.sha256()
    for name, table in sorted(tables.items()):
        content.update(f"{name} {table.content_hash}\n".encode())
    file = making / MARTS_FILE
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Manifest(
        version=next_version_id(settings, now, content.hexdigest()),
        run_id=run_id,
        created_at=now.astimezone(dt.UTC),
        as_of_date=clock.as_of_date,
        known_at=clock.known_at,
        duckdb_version=duckdb.__version__,
        storage_version=storage_version(connection),
        sha256=digest,
        bytes=file.stat().st_size,
        tables=tables,
    )


def _sync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        sync(path)
