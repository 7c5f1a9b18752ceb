"""The log of deliveries: what arrived where and when, committed one run at a time.

A run's deliveries become part of the log by one atomic rename. What is delivered and how it is read
is not known here (`lake.py`, `readers.py`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crm.errors import CrmError
from crm.lake.landing import Signature
from crm.settings import Settings

READ_AGAIN = "Its declaration changed, and its file was read again as delivery {}."


class LakeError(CrmError):
    """The lake itself cannot be written or read."""


@dataclass(frozen=True)
class Delivery:
    """One content that arrived at one path. `load_id` counts deliveries from 1 in their order.

    `table` is the folder it lay in, `feed` what that folder's rows are. `reading` marks how its
    records were read. A file that is read again is a new delivery, which `replaces` the earlier
    ones: they count no more, and it stands where the file stood when it came, as `arrival`.
    """

    load_id: int
    system: str
    table: str
    feed: str
    path: str
    file: str
    content_hash: str
    version_rank: int | None
    delivered_at: str
    format: str | None
    bytes: int
    delivered: int
    records: int
    unparseable: int
    status: str
    reason: str | None
    columns: tuple[str, ...]
    extra_columns: tuple[str, ...]
    contract_fingerprint: str
    reading: str
    replaces: tuple[int, ...]
    arrival: int

    @property
    def stored_as(self) -> str:
        """The name, without extension, of what was read of it: its content and how it was read."""
        return stored_as(self.content_hash, self.reading)

    @property
    def is_taken(self) -> bool:
        """Whether its content counts."""
        return self.status == "taken"

    @property
    def is_refused(self) -> bool:
        """Whether the file as a whole could not be used."""
        return self.status == "refused"


@dataclass(frozen=True)
class Seen:
    """What was found at a path when it was last looked into."""

    signature: Signature
    content_hash: str
    contract_fingerprint: str


def stored_as(content_hash: str, reading: str) -> str:
    """The name, without extension, under which a content's reading lies in the lake."""
    return f"{content_hash}-{reading}"


class NoSuchDeliveryError(CrmError):
    """There is no delivery to withdraw."""


def read_deliveries(settings: Settings) -> list[Delivery]:
    """Every committed delivery, by `load_id`.

    One that a person withdrew has the status withdrawn, one whose file was read again as a later
    delivery the status read_again. Raises `LakeError` for a log that cannot be read.
    """
    log = _read_log(settings)
    changed = {
        replaced: ("read_again", READ_AGAIN.format(delivery.load_id))
        for delivery in log
        for replaced in delivery.replaces
    }
    for load_id, reason in _read_withdrawals(settings).items():
        changed[load_id] = ("withdrawn", reason)
    return [
        replace(delivery, status=changed[delivery.load_id][0], reason=changed[delivery.load_id][1])
        if delivery.load_id in changed
        else delivery
        for delivery in log
    ]


def withdraw(settings: Settings, load_id: int, reason: str) -> Delivery:
    """Let a delivery count no more, as if it had never arrived; its content stays in the lake.

    Raises `NoSuchDeliveryError` where there is none that counts.
    """
    found = [d for d in read_deliveries(settings) if d.load_id == load_id and d.is_taken]
    if not found:
        raise NoSuchDeliveryError(
            f"No delivery with load_id {load_id} counts.", fix="`crm status` lists the last ones."
        )
    folder = settings.raw / "_withdrawals"
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{load_id:012d}.tmp"
    written.write_text(json.dumps({"load_id": load_id, "reason": reason}) + "\n", encoding="utf-8")
    put(written, folder / f"{load_id:012d}.json")
    return found[0]


def _read_withdrawals(settings: Settings) -> dict[int, str]:
    records = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in (settings.raw / "_withdrawals").glob("*.json")
    ]
    return {record["load_id"]: record["reason"] for record in records}


def _read_log(settings: Settings) -> list[Delivery]:
    deliveries = []
    for file in sorted((settings.raw / "_deliveries").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
                for name in ("columns", "extra_columns", "replaces"):
                    values[name] = tuple(values[name])
                deliveries.append(Delivery(**values))
            except (ValueError, TypeError, KeyError) as error:
                raise LakeError(
                    f"{file} is no log of deliveries: {error}.", fix="Restore it from a backup."
                ) from error
    return deliveries


def commit_deliveries(settings: Settings, deliveries: Sequence[Delivery], work: Path) -> None:
    """Add one run's deliveries to the log, all at once. `work` is a folder of the same disk."""
    if not deliveries:
        return
    lines = [json.dumps(vars(delivery)) + "\n" for delivery in deliveries]
    written = work / "deliveries.jsonl"
    written.write_text("".join(lines), encoding="utf-8")
    put(written, settings.raw / "_deliveries" / f"{deliveries[0].load_id:012d}.jsonl")


def read_seen(settings: Settings) -> dict[str, Seen]:
    """The cache of looks by path. Empty where it is missing or damaged: it may always be lost."""
    try:
        cache = json.loads((settings.raw / "_seen.json").read_text(encoding="utf-8"))
        return {
            path: Seen(Signature(*signature), content, fingerprint)
            for path, (signature, content, fingerprint) in cache.items()
        }
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def write_seen(settings: Settings, seen: Mapping[str, Seen], work: Path) -> None:
    """Replace the cache of looks."""
    cache = {
        path: [
            [look.signature.size, look.signature.mtime_ns, look.signature.ctime_ns],
            look.content_hash,
            look.contract_fingerprint,
        ]
        for path, look in seen.items()
    }
    written = work / "seen.json"
    written.write_text(json.dumps(cache), encoding="utf-8")
    put(written, settings.raw / "_seen.json")


def put(written: Path, target: Path) -> None:
    """Move a finished file to its place wholly or not at all, whatever happens meanwhile."""
    hold([written])
    hold(move(written, target))


def move(written: Path, target: Path) -> list[Path]:
    """Move a file to its place and say which folders changed by it.

    Only once the file and these are held (`hold`) does it surely outlast a loss of power.
    """
    new_folders = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    written.replace(target)
    return [target.parent, *(folder.parent for folder in new_folders)]


def hold(paths: Iterable[Path]) -> None:
    """Have the disk hold files and folders as they are now."""
    for path in paths:
        _sync(path)


def emptied(folder: Path) -> None:
    """Make `folder` exist and be empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
