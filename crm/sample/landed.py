"""What writing a sample comes to: files that are whole or not there, and errors with a fix.

Not here: what stands in the files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crm.errors import CrmError

Progress = Callable[[str], None]
Written = TypeVar("Written")


class SampleError(CrmError):
    """A sample that cannot be written as asked."""


@dataclass(frozen=True)
class SampleReport:
    """What was written. `lines` are the data lines of all landed files, without headers."""

    files: tuple[Path, ...]
    lines: int


def land(target: Path, write: Callable[[Path], Written]) -> Written:
    """Write under a name that ingestion leaves alone, then rename; returns what `write` returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        written = write(part)
        part.replace(target)
        return written
    finally:
        part.unlink(missing_ok=True)
