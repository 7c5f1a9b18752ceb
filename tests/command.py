"""The installed command, run as a person runs it: a process of its own on a warehouse of its own.

For tests of the whole. What one module does is tested with that module, in this process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

STANDARD = {"CRM_SYSTEMS": '["standard"]'}  # where one system is enough: fewer models to build
FAST = {"CRM_SETTLE_SECONDS": "0", "COLUMNS": "400"}
_COMMAND = Path(sys.executable).with_name("crm")


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's variables without any `CRM_` setting of its own, but with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return {**kept, **FAST, "CRM_HOME": str(home), **more}


def crm(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `crm` on the warehouse in `home`; `more` are environment variables."""
    return subprocess.run(
        [str(_COMMAND), *arguments],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def start(
    home: Path, *arguments: str, into: int = subprocess.PIPE, **more: str
) -> subprocess.Popen[str]:
    """Start `crm` in a process group of its own and return at once; its messages go `into`."""
    return subprocess.Popen(
        [str(_COMMAND), *arguments],
        env=environment(home, **more),
        stdout=subprocess.DEVNULL,
        stderr=into,
        text=True,
        start_new_session=True,
    )


def done(home: Path, *arguments: str, **more: str) -> str:
    """Run `crm`, which must succeed; what it said on both channels."""
    run = crm(home, *arguments, **more)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    return said


def copied(home: Path, target: Path) -> Path:
    """A warehouse with the same past, to go on from without touching `home`."""
    shutil.copytree(home, target, symlinks=True)
    return target


def marts(home: Path) -> Path:
    """The file that readers open."""
    return home / "published" / "marts.duckdb"


def private(home: Path) -> Path:
    """The build's own database file."""
    return home / "build" / "build.duckdb"


def rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a database file that nobody writes to."""
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def version(home: Path) -> str:
    """The published version's id."""
    return (home / "published" / "current").readlink().name


def assert_stands(home: Path, published: str) -> None:
    """Readers see this version, and every column of every table of it can be read."""
    assert version(home) == published
    with duckdb.connect(marts(home), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name, estimated_size > 0 from duckdb_tables()"
        ).fetchall()
        assert len(names) > 10
        for schema, table, has_rows in names:
            [(text,)] = connection.execute(
                f"select sum(hash(t)) from {schema}.{table} as t"
            ).fetchall()
            assert (text is not None) == has_rows, table


def refused(run: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command failed with one message that has these words, and no stack of calls.

    The alert that every failed run raises is one more line, for the log.
    """
    assert run.returncode == 1, run.stdout + run.stderr
    for never in ("Traceback", "Stack Trace", 'File "'):
        assert never not in run.stderr, run.stderr
    lines = [line for line in run.stderr.splitlines() if not line.startswith("failed_run |")]
    message = " ".join(" ".join(lines).split())
    for word in words:
        assert message.count(word) == 1, run.stderr
