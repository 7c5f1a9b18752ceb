"""One writer at a time, on a disk that can be locked and has the room.

The kernel holds the lock and frees it when its last holder dies, so there are no stale locks to
clear by hand. What is done under the lock lives elsewhere, as does DuckDB's own lock on its files.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm.errors import CrmError
from crm.settings import Settings

# Locks on these do nothing or hold on one machine only. Docker Desktop's and WSL's shares count.
NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"),
        *("drvfs", "fakeowner", "virtiofs", "vboxsf", "prl_fs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone"),
        *("fuse.grpcfuse", "fuse.osxfs", "fuse.gcsfuse", "fuse.blobfuse2"),
    }
)
MOUNTS = Path("/proc/mounts")
_POLL_SECONDS = 0.05


class LockHeldError(CrmError):
    """Another process is writing and did not finish in the time allowed."""


class UnreliableDiskError(CrmError):
    """The directory cannot be used for locking: on a network file system, or not writable."""


class NoSpaceError(CrmError):
    """The disk is too full for what is about to be written."""


@contextmanager
def writer_lock(settings: Settings, holder: str) -> Iterator[int]:
    """Be the only writer of this warehouse; `holder` says in a few words what for.

    Waits up to `settings.lock_wait_seconds`. Yields the lock's file descriptor: a subprocess
    started with `pass_fds=(fd,)` keeps the warehouse locked for as long as it lives, even when its
    parent is killed. Raises `LockHeldError` or `UnreliableDiskError`.
    """
    file = settings.build / "writer.lock"
    mounts = MOUNTS.read_text(encoding="utf-8") if MOUNTS.exists() else ""
    refuse_network_file_system(settings.build, mounts)
    with file_lock(file, holder, settings.lock_wait_seconds) as descriptor:
        yield descriptor


@contextmanager
def file_lock(file: Path, holder: str, wait_seconds: float) -> Iterator[int]:
    """Hold an exclusive lock on `file`, whose JSON tells others who holds it, since when, for what.

    The file stays behind; only the lock matters. Raises `LockHeldError` after `wait_seconds`.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UnreliableDiskError(
            f"Cannot write the lock file {file}: {error.strerror}.",
            fix=f"Give this user the right to write in {file.parent}, which must be a directory.",
        ) from error
    try:
        _acquire(descriptor, file, wait_seconds)
        since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        told = json.dumps({"pid": os.getpid(), "since": since, "holder": holder})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, told.encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def require_space(path: Path, bytes_needed: int) -> None:
    """Raise `NoSpaceError` unless the disk that `path` is or will be on has `bytes_needed` free."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < bytes_needed:
        raise NoSpaceError(
            f"{existing} has {_megabytes(free)} free, and {_megabytes(bytes_needed)} are needed.",
            fix="Free some space, or move the warehouse: CRM_HOME in the environment.",
        )


def refuse_network_file_system(path: Path, mounts: str) -> None:
    """Raise `UnreliableDiskError` when `path` lies on a network file system of `mounts`.

    `mounts` is text as in /proc/mounts; a path on none of its mounts is let through.
    """
    kind = file_system_of(path, mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise UnreliableDiskError(
            f"{path} is on a network file system ({kind}), where locks are not reliable.",
            fix="Set CRM_HOME to a directory on a local disk.",
        )


def file_system_of(path: Path, mounts: str) -> str | None:
    """The type of the file system that holds `path`, or none when `mounts` does not tell."""
    kind, depth = None, -1
    for line in mounts.splitlines():
        _, point, type_, *_ = line.split(" ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point))
        # The last of several mounts on one point is the visible one.
        if path.resolve().is_relative_to(mount) and len(mount.parts) >= depth:
            kind, depth = type_, len(mount.parts)
    return kind


def _acquire(descriptor: int, file: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockHeldError(
                    f"{_who(file)} is writing to this warehouse"
                    f" (waited {wait_seconds:g} s for {file}).",
                    fix="Wait until it is done, or end that process: the lock then frees itself.",
                ) from None
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))


def _who(file: Path) -> str:
    """The holder in words. Its JSON may be missing for the instant in which it is written."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return f"Process {told['pid']} ({told['holder']}, since {told['since']})"
    except (json.JSONDecodeError, KeyError, TypeError):
        return "Another process"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
