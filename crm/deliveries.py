"""The log of deliveries: what arrived where and when, committed one run at a time.

A run's deliveries become part of the log by one atomic rename. What is delivered and how it is read
is not known here (`lake.py`, `readers.py`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from crm.errors import CrmError
from crm.landing import Signature
from crm.settings import Settings


class LakeError(CrmError):
    """The lake itself cannot be written or read."""


@dataclass(frozen=True)
class Delivery:
    """One content that arrived at one path. `load_id` counts deliveries from 1 in their order."""

    load_id: int
    system: str
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


class NoSuchDeliveryError(CrmError):
    """There is no delivery to withdraw."""


def read_deliveries(settings: Settings) -> list[Delivery]:
    """Every committed delivery, by `load_id`; one that a person withdrew has the status withdrawn.

    Raises `LakeError` for a log that cannot be read.
    """
    withdrawn = _read_withdrawals(settings)
    return [
        replace(delivery, status="withdrawn", reason=withdrawn[delivery.load_id])
        if delivery.load_id in withdrawn
        else delivery
        for delivery in _read_log(settings)
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
                for name in ("columns", "extra_columns"):
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
    lines = [json.dumps(asdict(delivery)) + "\n" for delivery in deliveries]
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
    new_folders = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(written)
    written.replace(target)
    for folder in [target.parent, *(folder.parent for folder in new_folders)]:
        _sync(folder)


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
