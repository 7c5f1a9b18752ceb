"""The builds' private database files: the state that the next build goes on from.

Everything in them follows from raw, so they are disposable; but while they are whole, a build
touches only what changed. A build that dies or fails leaves them half-done. Therefore a copy of
them as the last good build left them is kept while another works on them: the next build takes the
copy, and never has to reason about half-done models. Inside dbt the copy is attached as `before`,
so that a model can compare what is with what was.

What is in the files is dbt's business; publishing from them is `crm/publication/publishing.py`.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
from pathlib import Path

import duckdb

from crm.errors import CrmError
from crm.operation.locking import require_space
from crm.operation.shortage import advice
from crm.settings import Settings

_NAMES = ("build.duckdb", "marts.duckdb")
_log = logging.getLogger(__name__)


class BuildFileError(CrmError):
    """A build database that cannot be opened now and is not broken."""


def prepare(settings: Settings, now: dt.datetime) -> list[Path]:
    """Make the build databases fit to be opened; what had to be set aside.

    A file that cannot be opened (a write-ahead log that will not replay, a torn page) is set aside
    with its log and built anew from raw; it is never deleted silently. After a build that did not
    end well the kept copies are looked at: the files themselves may be half copied, and `begin`
    replaces them. Raises `BuildFileError` when another process holds one open, or the disk is too
    full to open it.
    """
    settings.build.mkdir(parents=True, exist_ok=True)
    set_aside = []
    state = _kept(settings) if _kept(settings).is_dir() else settings.build
    for file in filter(Path.exists, (state / name for name in _NAMES)):
        try:
            with duckdb.connect(str(file)) as connection:
                connection.execute("checkpoint")
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise BuildFileError(
                    f"{file} is open in another process: {error}",
                    fix="Close it; readers belong on published/marts.duckdb.",
                ) from error
            if fix := advice(str(error), settings):
                raise BuildFileError(f"{file} cannot be opened: {error}", fix=fix) from error
            for part in (file, _log_of(file)):
                if part.exists():
                    aside = settings.build / f"{part.name}.broken-{now:%Y%m%dT%H%M%SZ}"
                    part.rename(aside)
                    set_aside.append(aside)
            _log.error(
                "%s could not be opened (%s): set aside, rebuilding it from raw.", file, error
            )
    return set_aside


def begin(settings: Settings, *, is_anew: bool) -> None:
    """Put the databases into the state of the last good build, and keep a copy until this one ends.

    With `is_anew` the build starts from raw alone: there are no databases, and none before.
    Raises `NoSpaceError` when the disk cannot take the copy.
    """
    _forget_before(settings)
    kept = _kept(settings)
    for rest in (kept.with_suffix(".new"), kept.with_suffix(".old")):
        shutil.rmtree(rest, ignore_errors=True)
    if kept.is_dir():
        for file in _files(settings):
            _remove(file)
            if (kept / file.name).exists():
                _copy(kept / file.name, file)
    else:
        new = kept.with_suffix(".new")
        new.mkdir()
        if all(file.exists() for file in _files(settings)):
            size = sum(file.stat().st_size for file in _files(settings))
            require_space(settings.build, 2 * size)
            for file in _files(settings):
                _copy(file, new / file.name)
        new.rename(kept)
    if is_anew or not all((kept / name).exists() for name in _NAMES):
        start_anew(settings)
    else:
        before(settings).symlink_to(f"{kept.name}/{_NAMES[0]}")


def start_anew(settings: Settings) -> None:
    """Remove the databases that a build has begun with, and what it would compare with."""
    _forget_before(settings)
    for file in _files(settings):
        _remove(file)


def end(settings: Settings, *, goes_on: bool) -> None:
    """After a good build. `goes_on`: the next build goes on from here, not from the kept copy."""
    _forget_before(settings)
    kept = _kept(settings)
    if goes_on and kept.is_dir():
        old = kept.with_suffix(".old")
        kept.rename(old)  # at one stroke: half a copy must never be taken for a whole one
        shutil.rmtree(old)


def before(settings: Settings) -> Path:
    """The build database as the last good build left it; not there where nothing was before."""
    return settings.build / "before.duckdb"


def _files(settings: Settings) -> list[Path]:
    return [settings.build / name for name in _NAMES]


def _kept(settings: Settings) -> Path:
    return settings.build / "kept"


def _forget_before(settings: Settings) -> None:
    _remove(before(settings))


def _copy(file: Path, target: Path) -> None:
    shutil.copyfile(file, target)
    with target.open("rb") as copy:
        os.fsync(copy.fileno())


def _remove(file: Path) -> None:
    for part in (file, _log_of(file)):
        part.unlink(missing_ok=True)


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")
