"""Too little memory or disk: looked for before a build, and told with its fix when it happens.

The engine, dbt and the operating system each say it in words of their own, somewhere in a long
message. What is done under the lock and how free space is counted is `locking.py`.
"""

from __future__ import annotations

import errno
import os
import re

from crm.operation.locking import require_space
from crm.settings import Settings

ROOM_FACTOR = 3  # a build may hold the old tables, the new ones and the copy to publish at once
_MEMORY = re.compile(r"Out of Memory Error|\bMemoryError\b|Cannot allocate memory")
_DISK = re.compile(
    "max_temp_directory_size|"
    + "|".join(re.escape(os.strerror(code)) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
)


def bytes_wanted(settings: Settings) -> int:
    """How much of the disk the next build may want, by the size of the last one's databases."""
    files = [file for file in settings.build.glob("*.duckdb") if not file.is_symlink()]
    return ROOM_FACTOR * sum(file.stat().st_size for file in files)


def require_room(settings: Settings) -> None:
    """Raise `NoSpaceError` unless the build's disk has what the next build may want."""
    require_space(settings.build, bytes_wanted(settings))


def advice(said: str, settings: Settings) -> str | None:
    """What to do about a failure whose message speaks of memory or disk; none where it does not."""
    if _DISK.search(said):
        return f"The disk is full. Make room for {settings.home}, then run `crm build`."
    if _MEMORY.search(said):
        return (
            f"The memory allowed is not enough: memory_limit is {settings.memory_limit}. Raise it "
            "in crm.toml (CRM_MEMORY_LIMIT), or lower threads (CRM_THREADS), then run `crm build`."
        )
    return None
