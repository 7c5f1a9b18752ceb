"""The builds' private database files: disposable, since everything in them follows from raw.

What is in them is dbt's business; publishing from them is `crm/publication/publishing.py`.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import duckdb

from crm.errors import CrmError
from crm.settings import Settings

_NAMES = ("build.duckdb", "marts.duckdb")
_log = logging.getLogger(__name__)


class BuildFileError(CrmError):
    """A build database that another process keeps open."""


def prepare(settings: Settings, now: dt.datetime, *, full_refresh: bool) -> list[Path]:
    """Make the build databases fit to be opened; what had to be set aside.

    `full_refresh` removes them. A file that cannot be opened (a write-ahead log that will not
    replay, a torn page) is set aside with its log and built anew from raw; it is never deleted
    silently. Raises `BuildFileError` when another process holds one open.
    """
    settings.build.mkdir(parents=True, exist_ok=True)
    set_aside = []
    for name in _NAMES:
        file = settings.build / name
        if full_refresh:
            for part in (file, _log_of(file)):
                part.unlink(missing_ok=True)
            continue
        try:
            with duckdb.connect(str(file)) as connection:
                connection.execute("checkpoint")
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise BuildFileError(
                    f"{file} is open in another process: {error}",
                    fix="Close it; readers belong on published/marts.duckdb.",
                ) from error
            for part in (file, _log_of(file)):
                if part.exists():
                    aside = part.with_name(f"{part.name}.broken-{now:%Y%m%dT%H%M%SZ}")
                    part.rename(aside)
                    set_aside.append(aside)
            _log.error(
                "%s could not be opened (%s): set aside, rebuilding it from raw.", file, error
            )
    return set_aside


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")
