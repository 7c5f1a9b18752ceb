"""Whether anything that a build rests on has changed since the last one that ended well.

A build is a function of what was delivered, what was asked for, the settings and the code. Where
all are as they were, there is nothing to build, check or publish.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from crm.lake.deliveries import read_deliveries
from crm.publication.versions import current_manifest
from crm.settings import PROJECT_ROOT, Settings

PROJECT = ("dbt_project.yml", "profiles.yml", "models", "seeds", "macros", "tests/dbt")
CODE = ("crm", "orchestration", "requirements.lock")
_DECISIVE = ("systems", "reporting_currency")


def hash_of_files(names: Iterable[str]) -> str:
    """A hash over the paths and bytes of the project's named files and folders."""
    digest = hashlib.sha256()
    for name in names:
        path = PROJECT_ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(PROJECT_ROOT)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def fingerprint(settings: Settings, as_of: str | None, known_at: int | None) -> str:
    """A hash over everything that this build rests on."""
    parts = (
        as_of,
        known_at,
        [getattr(settings, name) for name in _DECISIVE],
        [(d.load_id, d.content_hash, d.status, d.reason) for d in read_deliveries(settings)],
        hash_of_files((*PROJECT, *CODE)),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def are_unchanged(settings: Settings, now: str) -> bool:
    """Whether the last build that ended well rested on the same."""
    mark = _mark(settings)
    is_there = (settings.build / "marts.duckdb").exists() and current_manifest(settings) is not None
    return is_there and mark.exists() and mark.read_text(encoding="utf-8") == now


def forget(settings: Settings) -> None:
    """Before the build databases are touched: until it ends well, nothing is known of them."""
    _mark(settings).unlink(missing_ok=True)


def remember(settings: Settings, now: str) -> None:
    """After a build ended well."""
    _mark(settings).write_text(now, encoding="utf-8")


def _mark(settings: Settings) -> Path:
    return settings.build / "inputs.fingerprint"
