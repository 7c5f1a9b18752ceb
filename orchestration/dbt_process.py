"""The command `crm-dbt`: dbt as a child that dies with its parent. Loads nothing but dbt.

A killed run must not leave a dbt that goes on writing and holds the database's lock. How the
project calls it is `dbt.py`.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL when the parent dies, then be dbt."""
    if sys.argv[1:] == ["--version"]:
        # Asked before every build. dbt's own answer takes seconds and asks the network for news.
        print(importlib.metadata.version("dbt-core"))
        return
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            sys.exit(1)
    from dbt.cli.main import cli

    cli()
