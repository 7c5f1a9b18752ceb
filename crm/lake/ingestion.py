"""The raw lake: immutable content under its hash, and the log of what was delivered when.

One run's deliveries are committed by one atomic rename; until then nothing has happened. How files
are found is `landing.py`'s business, how they are read `readers.py`'s. Runs exclude each other
elsewhere (`locking.py`).
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from crm.contracts import SourceTable
from crm.lake import landing
from crm.lake.deliveries import (
    Delivery,
    LakeError,
    Seen,
    commit_deliveries,
    emptied,
    hold,
    move,
    put,
    read_deliveries,
    read_seen,
    stored_as,
    write_seen,
)
from crm.lake.landing import LandingFile, Signature, Waiting
from crm.readers import readers
from crm.readers.reading import NotWholeError, Reading, Work, refuse
from crm.settings import Settings

__all__ = [
    "Delivery",
    "IngestReport",
    "LakeError",
    "Waiting",
    "ingest",
    "read_deliveries",
    "unseen",
]

READER_VERSION = 2  # raise it when the readers judge differently: refused files are looked at again
LONGEST_REASON = 500
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@dataclass(frozen=True)
class IngestReport:
    """What one run did. `unchanged` counts files seen before; `waiting` are left for the next."""

    deliveries: tuple[Delivery, ...]
    unchanged: int
    waiting: tuple[Waiting, ...]
    warnings: tuple[str, ...]


def ingest(
    settings: Settings,
    tables: Mapping[tuple[str, str], SourceTable],
    now: dt.datetime,
    progress: Callable[[str, int, int], None] = lambda path, done, total: None,
) -> IngestReport:
    """Take what is new in the landing folder into the lake, all of it or nothing.

    `now` (with a time zone) becomes `delivered_at`; `progress` is told each path, how many files
    are done and how many there are. A file that cannot be used becomes a refused delivery and never
    stops the others. Raises `LakeError` where the lake itself cannot be written or read.
    """
    try:
        return _Run(settings, tables, now).ingest(progress)
    except OSError as error:
        raise LakeError(
            f"The lake at {settings.raw} cannot be written or read: {error}.",
            fix="Make room or mend the rights; nothing of this run was committed. Then run again.",
        ) from error


def unseen(settings: Settings, tables: Mapping[tuple[str, str], SourceTable]) -> str:
    """A mark of the landing files that no run has looked into as they are now; empty for none."""
    seen = read_seen(settings)
    hasty = settings.model_copy(update={"settle_seconds": 0.0})
    new = [
        (file.path, file.signature)
        for file in landing.look(hasty, tables).files
        if file.path not in seen or seen[file.path].signature != file.signature
    ]
    return hashlib.sha256(repr(new).encode()).hexdigest()[:16] if new else ""


def contract_fingerprint(settings: Settings, table: SourceTable) -> str:
    """A hash over everything declared that decides whether and how a file of `table` is read."""
    decisive = {
        "reader": READER_VERSION,
        "columns": [[column.name, column.is_required] for column in table.columns],
        "require_one_of": table.require_one_of,
        "dialect": asdict(table.dialect),
        "file_sequence": table.file_sequence.pattern if table.file_sequence else None,
        "limits": [settings.max_file_gigabytes, settings.max_line_bytes],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


class _Run:
    """One run's view of the lake: what was delivered before, what is new."""

    def __init__(
        self,
        settings: Settings,
        tables: Mapping[tuple[str, str], SourceTable],
        now: dt.datetime,
    ) -> None:
        if now.tzinfo is None:
            raise LakeError("The time of a run has no zone.", fix="Pass an aware datetime.")
        self.settings = settings
        self.tables = tables
        self.now = now.astimezone(dt.UTC)
        # Leftovers of a killed run lie in this one folder and in nothing that counts.
        self.scratch = settings.raw / "_work"
        self.work = Work(self.scratch / "file")
        emptied(self.scratch)
        emptied(self.work.folder)
        self.seen = read_seen(settings)
        self.last: dict[str, Delivery] = {}
        self.taken: dict[tuple[str, str, str, str], Delivery] = {}
        self.standing: dict[tuple[str, str], list[Delivery]] = {}
        self.unheld: dict[Path, None] = {}
        self.fingerprints: dict[tuple[str, str], str] = {}
        self.next_id = 1
        for delivery in read_deliveries(settings):
            self._remember(delivery)
        self.new: list[Delivery] = []
        self.unchanged = 0
        self.waiting: list[Waiting] = []
        self.warnings: list[str] = []
        self.connection = readers.connect(settings, self.scratch)

    def ingest(self, progress: Callable[[str, int, int], None]) -> IngestReport:
        found = landing.look(self.settings, self.tables, self._is_known)
        try:
            for done, file in enumerate(found.files, start=1):
                self._look_into(file)
                progress(file.path, done, len(found.files))
        finally:
            self.connection.close()
        hold(self.unheld)  # all at once: one by one, many small files take long
        commit_deliveries(self.settings, self.new, self.scratch)
        present = {file.path for file in found.files}
        seen = {path: look for path, look in self.seen.items() if path in present}
        write_seen(self.settings, seen, self.scratch)
        shutil.rmtree(self.scratch)
        return IngestReport(
            tuple(self.new),
            self.unchanged,
            (*found.waiting, *self.waiting),
            (*found.warnings, *self.warnings),
        )

    def _look_into(self, file: LandingFile) -> None:
        """Deal with one file. Where the disk is to blame and not the file, it is tried again."""
        try:
            self._take(file)
        except NotWholeError as error:
            self.waiting.append(Waiting(file.path, str(error)))
        except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            # The engine has the system's words and no number.
            for code in FULL:
                if os.strerror(code) in str(error):
                    raise OSError(code, str(error)) from error
            self.waiting.append(Waiting(file.path, f"It could not be read: {error}"))
            self.warnings.append(f"'{file.path}' could not be read and waits: {error}")

    def _take(self, file: LandingFile) -> None:
        """Make a new delivery of `file` unless it is what was last seen at its path."""
        fingerprint = self._fingerprint(file)
        last = self.last.get(file.path)
        seen = self.seen.get(file.path)
        if seen is None or seen.signature != file.signature:
            seen = Seen(file.signature, _content_hash(file), "")
        content = seen.content_hash
        if last is not None and last.content_hash == content:
            judged_by = (last.contract_fingerprint, seen.contract_fingerprint)
            mark = readers.reading_mark(file.format, file.table.dialect)
            is_mended = fingerprint not in judged_by if last.is_refused else last.reading != mark
            if not is_mended or not (last.is_refused or last.is_taken):
                self.seen[file.path] = Seen(file.signature, content, fingerprint)
                self.unchanged += 1
                return
        reading = self._read(file, content, fingerprint)
        if Signature.of(file.file) != file.signature:
            raise NotWholeError("It changed while it was read.")
        self.seen[file.path] = Seen(file.signature, content, fingerprint)
        judged = (content, reading.reason)
        if last is not None and last.is_refused and (last.content_hash, last.reason) == judged:
            self.unchanged += 1  # refused before for the very same reason
            return
        self._keep(file, content, fingerprint, reading)
        self._deliver(file, content, fingerprint, reading)

    def _read(self, file: LandingFile, content: str, fingerprint: str) -> Reading:
        """Read a file into the work folder; content that is in the lake is not read again."""
        self.work.clear()
        table = file.table
        before = self.taken.get((table.system, table.name, content, fingerprint))
        if before is not None:
            return Reading(before.records, before.unparseable, before.columns, before.extra_columns)
        try:
            return readers.read(self.connection, file, self.settings, self.work)
        except NotWholeError as error:
            age_minutes = (self.now.timestamp() - file.signature.touched_at) / 60
            if age_minutes < self.settings.incomplete_after_minutes:
                raise
            return refuse(self.connection, str(error), self.work)
        except (duckdb.IOException, duckdb.OutOfMemoryException):
            raise
        except (duckdb.Error, pa.ArrowException) as error:
            # The engine may have lost its footing over this file; the next gets a new one.
            self.connection.close()
            self.connection = readers.connect(self.settings, self.scratch)
            return refuse(
                self.connection, f"It cannot be read: {str(error)[:LONGEST_REASON]}", self.work
            )

    def _keep(self, file: LandingFile, content: str, fingerprint: str, reading: Reading) -> None:
        """Put what was read in its place in the lake. Rejects go first: records make it whole."""
        below = Path(file.table.system, file.table.name)
        rejected = self.settings.raw / "_rejects" / below
        mark = readers.reading_mark(file.format, file.table.dialect)
        name = f"{stored_as(content, mark)}.parquet"
        if reading.unparseable and self.work.rejects.exists():
            target = rejected / name
            merged = readers.merge_rejects(self.connection, self.work, target, fingerprint)
            put(merged, target)  # held at once: the next contract's rejects are merged into it
        most = self.settings.max_file_gigabytes * 1e9
        if reading.is_kept_as_bytes and file.is_regular and file.signature.size <= most:
            copy = self.work.folder / "copy"
            shutil.copyfile(file.file, copy)
            self._move(copy, rejected / f"{content}.bytes")
        if self.work.records.exists() and reading.reason is None:
            self._move(self.work.records, self.settings.raw / below / name)

    def _move(self, written: Path, target: Path) -> None:
        """Put a file in its place; the disk is asked to hold it before the run is committed."""
        self.unheld.update(dict.fromkeys([target, *move(written, target)]))

    def _deliver(self, file: LandingFile, content: str, fingerprint: str, reading: Reading) -> None:
        replaced = self._replaced(file, content) if reading.reason is None else ()
        before = max(replaced, key=lambda delivery: delivery.arrival, default=None)
        delivery = Delivery(
            load_id=self.next_id,
            system=file.table.system,
            table=file.table.name,
            feed=file.table.feed,
            path=file.path,
            file=file.path.rpartition("/")[2],
            content_hash=content,
            version_rank=file.version_rank,
            delivered_at=before.delivered_at if before else self.now.isoformat(),
            format=file.format,
            bytes=file.signature.size,
            delivered=reading.records + reading.unparseable,
            records=reading.records,
            unparseable=reading.unparseable,
            status="taken" if reading.reason is None else "refused",
            reason=reading.reason,
            columns=reading.columns,
            extra_columns=reading.extra_columns,
            contract_fingerprint=fingerprint,
            reading=readers.reading_mark(file.format, file.table.dialect),
            replaces=tuple(delivery.load_id for delivery in replaced),
            arrival=before.arrival if before else self.next_id,
        )
        self.new.append(delivery)
        self._remember(delivery)

    def _remember(self, delivery: Delivery) -> None:
        self.last[delivery.path] = delivery
        self.next_id = max(self.next_id, delivery.load_id + 1)
        if delivery.is_taken:
            key = delivery.system, delivery.table, delivery.content_hash
            self.taken[*key, delivery.contract_fingerprint] = delivery
            self.standing.setdefault((delivery.path, delivery.content_hash), []).append(delivery)

    def _replaced(self, file: LandingFile, content: str) -> tuple[Delivery, ...]:
        """Earlier deliveries of the very same file that this reading takes the place of.

        The same content at the same path, read in another way; or read in this way until a
        declaration was changed and changed back.
        """
        last = self.last.get(file.path)
        mark = readers.reading_mark(file.format, file.table.dialect)
        is_read_again = last is not None and last.content_hash == content
        earlier = self.standing.pop((file.path, content), [])
        kept = [d for d in earlier if d.reading == mark and not is_read_again]
        self.standing[file.path, content] = kept
        return tuple(delivery for delivery in earlier if delivery not in kept)

    def _fingerprint(self, file: LandingFile) -> str:
        """What decides about a file; where its name does, the name belongs to it."""
        key = (file.table.system, file.table.name)
        if key not in self.fingerprints:
            self.fingerprints[key] = contract_fingerprint(self.settings, file.table)
        declared = self.fingerprints[key]
        if file.refusal is None:
            return declared
        return hashlib.sha256(f"{declared} {file.path}".encode()).hexdigest()

    def _is_known(self, path: str, signature: Signature) -> bool:
        return path in self.seen and self.seen[path].signature == signature


def _content_hash(file: LandingFile) -> str:
    """SHA-256 of the bytes; of what a link says for a link, of nothing for what is no file."""
    if file.file.is_symlink():
        return hashlib.sha256(os.fsencode(file.file.readlink())).hexdigest()
    if not file.is_regular:
        return hashlib.sha256(b"").hexdigest()
    with file.file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
