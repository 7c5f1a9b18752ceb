"""Which files in the landing folder are ready to be taken, in which order, and which never will be.

Looks at names and at the file system only. What stands inside a file is the readers' business
(`readers.py`); what is done with it, the lake's (`lake.py`).
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crm.contracts import SourceTable
from crm.settings import Settings

FORMATS = {  # the first extension that a name ends in counts
    **dict.fromkeys((".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), "jsonl"),
    ".xlsx": "excel",
    ".parquet": "parquet",
    ".gz": "csv",
}
UNFINISHED = (".part", ".tmp")
SAFE_NAME = re.compile(r"[A-Za-z0-9._-]+")
LARGEST_RANK_DIGITS = 18  # what a 64-bit integer surely holds


@dataclass(frozen=True)
class Signature:
    """What the file system tells about one state of a file. Times in nanoseconds since 1970."""

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, file: Path) -> Signature:
        """The state of `file` now; a link is looked at, never followed. Raises `OSError`."""
        status = file.lstat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def touched_at(self) -> float:
        """Seconds since 1970 of the last change; the change time cannot be set back by a copy."""
        return max(self.mtime_ns, self.ctime_ns) / 1e9


@dataclass(frozen=True)
class LandingFile:
    """A file that is ready: still, and either fit to be read or refused for `refusal`."""

    table: SourceTable
    file: Path
    path: str
    signature: Signature
    version_rank: int | None
    refusal: str | None
    is_regular: bool

    @cached_property
    def extension(self) -> str | None:
        """The known extension, in lower case with its dot; null where it is unknown."""
        name = self.file.name.lower()
        return next((known for known in FORMATS if name.endswith(known)), None)

    @property
    def format(self) -> str | None:
        """`csv`, `jsonl`, `excel`, `parquet`, or null where the extension is unknown."""
        return FORMATS.get(self.extension or "")


@dataclass(frozen=True)
class Waiting:
    """A file left for the next run, and why. `path` is relative to the landing folder."""

    path: str
    reason: str


@dataclass(frozen=True)
class Landing:
    """What one look found. `files` stand in the order in which they count as first seen."""

    files: tuple[LandingFile, ...]
    waiting: tuple[Waiting, ...]
    warnings: tuple[str, ...]


def look(
    settings: Settings,
    tables: Mapping[tuple[str, str], SourceTable],
    is_known: Callable[[str, Signature], bool] = lambda path, signature: False,
) -> Landing:
    """Walk `landing/<system>/<table>/` of the given tables.

    A file that `is_known` (by its path and signature) is taken as still. If others were touched
    less than `settings.settle_seconds` ago, this waits once, at most that long, and looks again.
    """
    root = settings.landing.resolve()
    warnings: list[str] = []
    files: list[LandingFile] = []
    for folder, table in _folders(root, tables, warnings):
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                warnings.append(f"'{printable(entry, root)}' is a folder: tables have none inside.")
            elif ready := _landing_file(Path(entry.path), root, table, settings):
                files.append(ready)
    files.sort(key=_precedence)
    still, waiting = _settled(files, settings.settle_seconds, is_known)
    return Landing(tuple(still), tuple(waiting), tuple(warnings))


def misplaced(settings: Settings, tables: Mapping[tuple[str, str], SourceTable]) -> tuple[str, ...]:
    """What lies in the landing folder where nothing is taken from, a sentence each."""
    return look(settings.model_copy(update={"settle_seconds": 0.0}), tables).warnings


def printable(file: os.PathLike[str], root: Path) -> str:
    """The path of `file` below `root`; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(os.path.relpath(file, root)).decode("utf-8", "backslashreplace")


def _folders(
    root: Path, tables: Mapping[tuple[str, str], SourceTable], warnings: list[str]
) -> list[tuple[Path, SourceTable]]:
    """The folders of the given tables; everything beside them becomes a warning."""
    names: dict[str, list[str]] = {}
    for system, name in tables:
        names.setdefault(system, []).append(name)
    found = []
    for system in _known(root, root, list(names), "system", warnings):
        for name in _known(root, root / system, names[system], "table", warnings):
            found.append((root / system / name, tables[system, name]))
    return found


def _known(root: Path, folder: Path, names: list[str], kind: str, warnings: list[str]) -> list[str]:
    found = []
    for entry in _entries(folder):
        where = printable(entry, root)
        if entry.is_symlink():
            warnings.append(f"'{where}' is a link and is not followed: make it a real folder.")
        elif not entry.is_dir(follow_symlinks=False):
            warnings.append(f"'{where}' is not taken: files belong in <system>/<table>/.")
        elif entry.name not in names:
            near = difflib.get_close_matches(entry.name, names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(names))}."
            warnings.append(f"'{where}' is no known {kind}; nothing in it is taken. {hint}")
        else:
            found.append(entry.name)
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What stands in `folder` by name, without hidden names and those of unfinished transfers."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        visible = [
            entry
            for entry in entries
            if not entry.name.startswith(".") and not entry.name.lower().endswith(UNFINISHED)
        ]
    return sorted(visible, key=lambda entry: entry.name)


def _landing_file(
    file: Path, root: Path, table: SourceTable, settings: Settings
) -> LandingFile | None:
    """The file as it is now; null where it vanished since its folder was read."""
    try:
        status = file.lstat()
    except FileNotFoundError:
        return None
    rank, refusal = _version_rank(file.name, table.file_sequence)
    ready = LandingFile(
        table=table,
        file=file,
        path=printable(file, root),
        signature=Signature(status.st_size, status.st_mtime_ns, status.st_ctime_ns),
        version_rank=rank,
        refusal=refusal,
        is_regular=stat.S_ISREG(status.st_mode),
    )
    most = settings.max_file_gigabytes * 1e9
    if stat.S_ISLNK(status.st_mode):
        refusal = "It is a link. Deliver the file itself."
    elif not ready.is_regular:
        refusal = "It is no regular file."
    elif not SAFE_NAME.fullmatch(file.name):
        refusal = "Its name has characters other than A-Z, a-z, 0-9, dot, underscore and hyphen."
    elif ready.extension is None:
        refusal = f"Its extension is none of {', '.join(FORMATS)}."
    elif status.st_size > most:
        refusal = f"It has {status.st_size} bytes; max_file_gigabytes allows {most:.0f}."
    return ready if refusal == ready.refusal else _refused(ready, refusal)


def _refused(file: LandingFile, refusal: str | None) -> LandingFile:
    return LandingFile(
        file.table, file.file, file.path, file.signature, None, refusal, file.is_regular
    )


def _version_rank(name: str, pattern: re.Pattern[str] | None) -> tuple[int | None, str | None]:
    """The rank that the system's `file_sequence` finds in a name, or why there is none."""
    if pattern is None:
        return None, None
    match = pattern.search(name)
    if match is None:
        return None, f"Its name does not match the system's file_sequence '{pattern.pattern}'."
    digits = "".join(group or "" for group in match.groups()) or match.group()
    if not digits.isdecimal() or len(digits) > LARGEST_RANK_DIGITS:
        return None, f"'{digits}', found by the system's file_sequence, is no rank of 1-18 digits."
    return int(digits), None


def _precedence(file: LandingFile) -> tuple[str, str, int, str]:
    rank = -1 if file.version_rank is None else file.version_rank
    return file.table.system, file.table.name, rank, file.path


def _settled(
    files: list[LandingFile], settle_seconds: float, is_known: Callable[[str, Signature], bool]
) -> tuple[list[LandingFile], list[Waiting]]:
    """Files that do not change any more, after one short wait where some are young."""
    now = time.time()
    # A time stamp from the future is no reason to wait for ever: one look later decides.
    ages = {
        file.path: max(0.0, now - file.signature.touched_at)
        for file in files
        if not is_known(file.path, file.signature)
    }
    young = {path for path, age in ages.items() if age < settle_seconds}
    if young:
        time.sleep(settle_seconds - min(ages[path] for path in young))
    still, waiting = [], []
    for file in files:
        if file.path in young and not _is_unchanged(file):
            waiting.append(Waiting(file.path, "It still changes."))
        else:
            still.append(file)
    return still, waiting


def _is_unchanged(file: LandingFile) -> bool:
    try:
        return Signature.of(file.file) == file.signature
    except FileNotFoundError:
        return False
