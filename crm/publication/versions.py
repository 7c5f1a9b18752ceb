"""The published versions on disk: their manifests, which one is current, rolling back, pruning.

    published/versions/<id>/{marts.duckdb, parquet/, manifest.json}   whole and never changed
    published/current -> versions/<id>                                the atomic swap
    published/marts.duckdb -> current/marts.duckdb, published/parquet -> current/parquet

Making a version's content is `publishing.py`; reading its tables is `marts.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from crm.errors import CrmError
from crm.operation.locking import file_lock
from crm.publication.mart_contract import Contract
from crm.publication.mart_file import MARTS_FILE, PublishedTable
from crm.settings import Settings

MANIFEST_FILE = "manifest.json"
# Stands in every version that a person rolled back from: an unchanged run must not bring it back.
ROLLED_BACK_FILE = "rolled_back"
BEING_MADE = ".tmp"
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%SZ"


class PublishError(CrmError):
    """A version cannot be published, or the published directory is not as it should be."""


class NoSuchVersionError(CrmError):
    """There is no version to go to."""


@dataclass(frozen=True)
class Manifest:
    """What a version is: `manifest.json`. `sha256` is of its marts.duckdb, `bytes` its size."""

    version: str
    run_id: str
    created_at: dt.datetime
    as_of_date: dt.date | None
    known_at: int
    duckdb_version: str
    storage_version: str
    sha256: str
    bytes: int
    tables: Mapping[str, PublishedTable]

    @property
    def contract(self) -> Contract:
        """What this version promised, by `schema.table`."""
        return {table: entry.contract for table, entry in self.tables.items()}


_MANIFEST = TypeAdapter(Manifest)


def list_versions(settings: Settings) -> tuple[str, ...]:
    """Ids of the kept versions, oldest first."""
    folder = settings.published / "versions"
    found = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return tuple(sorted(name for name in found if _ID.fullmatch(name)))


def current_version(settings: Settings) -> str | None:
    """The id of the version that readers see, or none before the first publication."""
    link = settings.published / "current"
    return link.readlink().name if link.is_symlink() else None


def current_manifest(settings: Settings) -> Manifest | None:
    """The manifest of the version that readers see, or none before the first publication."""
    version = current_version(settings)
    return None if version is None else read_manifest(settings, version)


def read_manifest(settings: Settings, version: str) -> Manifest:
    """The manifest of a kept version. Raises `PublishError` when it cannot be read."""
    file = version_folder(settings, version) / MANIFEST_FILE
    try:
        return _MANIFEST.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise PublishError(
            f"The manifest of version {version} cannot be read: {error}",
            fix=f"Remove {file.parent} when it is not current, else roll back to another version.",
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` into a version being made."""
    text = json.dumps(_MANIFEST.dump_python(manifest, mode="json"), indent=2, ensure_ascii=False)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")


def rollback(settings: Settings, to: str | None = None) -> str:
    """Make the version before the current one (or `to`, any kept one) current; return its id.

    Versions that were rolled back from before are passed over unless named. Atomic: a reader sees
    one version or the other. What was rolled back from stays, and runs that change nothing do not
    publish it again. Raises `NoSuchVersionError`.
    """
    with publish_lock(settings, "rollback"), told_plainly(settings):
        kept, current = list_versions(settings), current_version(settings)
        older = [
            version
            for version in kept
            if current is not None and version < current and not is_rolled_back(settings, version)
        ]
        if to is None and not older:
            raise NoSuchVersionError(
                "There is no earlier version to roll back to.",
                fix=f"Kept versions: {', '.join(kept) or 'none; publish one with crm build'}.",
            )
        if to is not None and to not in kept:
            raise NoSuchVersionError(
                f"There is no version '{to}'.", fix=f"Kept versions: {', '.join(kept) or 'none'}."
            )
        target = to or older[-1]
        if current is not None and target < current:
            left = version_folder(settings, current)
            (left / ROLLED_BACK_FILE).touch()
            sync(left)
        make_current(settings, target)
        (version_folder(settings, target) / ROLLED_BACK_FILE).unlink(missing_ok=True)
        return target


def is_rolled_back(settings: Settings, version: str) -> bool:
    """Whether a person rolled back from this version."""
    return (version_folder(settings, version) / ROLLED_BACK_FILE).exists()


def next_version_id(settings: Settings, now: dt.datetime, content_hash: str) -> str:
    """A new id, after every kept one even when the clock stood still or went back."""
    at = now.astimezone(dt.UTC).replace(microsecond=0)
    kept = list_versions(settings)
    if kept:
        newest = dt.datetime.strptime(kept[-1].partition("-")[0], _TIME).replace(tzinfo=dt.UTC)
        at = max(at, newest + dt.timedelta(seconds=1))
    return f"{at.strftime(_TIME)}-{content_hash[:8]}"


def make_current(settings: Settings, version: str) -> None:
    """Swap `published/current` to a whole version: the one step that readers notice."""
    _link(settings.published / "current", Path("versions") / version)


def ensure_links(settings: Settings) -> None:
    """Make the static links that readers open. Raises `PublishError` for a file in their way."""
    _link(settings.published / MARTS_FILE, Path("current") / MARTS_FILE)
    _link(settings.published / "parquet", Path("current") / "parquet")


def prune(settings: Settings) -> None:
    """Remove versions beyond `settings.keep_versions`, never the current one.

    A reader that holds a removed file open keeps it until it closes.
    """
    current = current_version(settings)
    for version in list_versions(settings)[: -settings.keep_versions]:
        if version != current:
            folder = version_folder(settings, version)
            # Renamed first, so that a version that is listed is always whole.
            shutil.rmtree(folder.rename(folder.with_name(version + BEING_MADE)))


def remove_unfinished(settings: Settings) -> None:
    """Remove what publications that died left half made. Needs the publish lock."""
    for leftover in (settings.published / "versions").glob("*" + BEING_MADE):
        shutil.rmtree(leftover)


def version_folder(settings: Settings, version: str) -> Path:
    """Where a version lies."""
    return settings.published / "versions" / version


def sync(path: Path) -> None:
    """Have the disk hold a file's bytes, or a directory's entries, before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def publish_lock(settings: Settings, holder: str) -> Iterator[None]:
    """Let nobody else publish, roll back or prune. Short, and apart from the lock of a build."""
    with file_lock(settings.published / ".lock", holder, settings.lock_wait_seconds):
        yield


@contextmanager
def told_plainly(settings: Settings) -> Iterator[None]:
    """Turn what the operating system refuses into a `PublishError` with the path and the fix."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"Writing {error.filename or settings.published} failed: {error.strerror or error}.",
            fix=f"Readers keep a whole version. Make {settings.published} writable for this user,"
            " with room to spare and nothing but published versions in it, and run again.",
        ) from error


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if link.readlink() == target:
            return
    elif link.exists():
        raise PublishError(
            f"{link} is in the way: it is no link, and was not made by publishing.",
            fix="Move it somewhere else.",
        )
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    sync(link.parent)
