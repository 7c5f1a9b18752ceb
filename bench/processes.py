"""A child process and what it cost: wall time, processor time, memory.

Not here: what the processes do. This process itself stays small and does no work: a child's peak
memory is counted from that of the process that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.errors import CrmError


class BenchError(CrmError):
    """A part of the benchmark that failed, or results that are not comparable."""


@dataclass(frozen=True)
class Cost:
    """What a process and its children cost.

    `peak_bytes` is the largest resident set of any one of them; `said` is the last line of the
    standard output.
    """

    wall_seconds: float
    processor_seconds: float
    peak_bytes: int
    said: str


def measured(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; `environment` adds to this process's variables.

    Raises `BenchError` with the end of what it said when it fails.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = subprocess.Popen(
            command, stdout=out, stderr=err, env={**os.environ, **(environment or {})}
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        said, complained = (_text(file.fileno()) for file in (out, err))
    if child.returncode != 0:
        raise BenchError(
            f"`{' '.join(command)}` ended with {child.returncode}: {(said + complained)[-2000:]}",
            fix="Mend what it says; a negative number is the signal that killed it, 9 for memory.",
        )
    return Cost(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        (said.strip().splitlines() or [""])[-1],
    )


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(os.dup(descriptor), encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read()
