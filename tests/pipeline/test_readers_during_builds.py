"""People read while the warehouse is built: never an error, never two versions in one answer.

Real builds that publish real versions, and readers of three kinds in processes of their own. How a
swap is made is tested in `tests/publishing/`.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import copied, done, version
from company_by_hand import deliver_orders

BUILDS = 2
LINES_A_FILE = 120

# A look: one number of each of these tables, in one statement.
LOOK = """
import json, sys, threading
file = sys.argv[1]
SQL = '''
    select
        (select count(*) from marts.core.fct_order_lines),
        (select cast(sum(net_amount) as varchar) from marts.core.fct_order_lines),
        (select cast(sum(net_amount) as varchar) from marts.core.fct_orders),
        (select count(*) from marts.quality.loads),
        (select max(load_id) from marts.quality.loads),
        (select cast(sum(monetary_amount) as varchar) from marts.rfm.rfm_customers),
        (select cast(as_of_date as varchar) from marts.core.clock)
'''
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
def looks(look):
    while not stop.wait(0.25):  # builds and readers share the cores
        print(json.dumps(list(look())), flush=True)
"""
READERS = {
    "short connections": """
import duckdb
def look():
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(SQL).fetchone()
looks(look)
""",
    "a held connection": """
import duckdb
with duckdb.connect(file, read_only=True) as connection:
    looks(lambda: connection.execute(SQL).fetchone())
""",
    "SQLAlchemy without a pool": """
import sqlalchemy
engine = sqlalchemy.create_engine(
    "duckdb:///" + file, poolclass=sqlalchemy.NullPool, connect_args={"read_only": True}
)
def look():
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text(SQL)).one()
looks(look)
""",
}


@contextmanager
def reading(home: Path, folder: Path) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """Every reader at its loop until the block ends; then their looks, each having ended well."""
    processes, files = {}, {}
    looks: dict[str, list[tuple[Any, ...]]] = {}
    for name, code in READERS.items():
        files[name] = folder / f"{name}.txt"
        with files[name].open("w") as out:
            processes[name] = subprocess.Popen(
                [sys.executable, "-c", LOOK + code, str(home / "published" / "marts.duckdb")],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            )
    try:
        for name, process in processes.items():
            _wait_for_a_look(files[name], process)
        yield looks
        time.sleep(1)
    finally:
        errors = {name: process.communicate()[1] for name, process in processes.items()}
    for name, process in processes.items():
        assert (process.returncode, errors[name]) == (0, ""), name
        text = files[name].read_text(encoding="utf-8")
        looks[name] = [tuple(json.loads(line)) for line in text.splitlines()]


def _wait_for_a_look(file: Path, process: subprocess.Popen[str]) -> None:
    while not file.stat().st_size:
        assert process.poll() is None, file.name
        time.sleep(0.1)


def _told_by_the_manifest(home: Path) -> tuple[Any, ...]:
    """What a look must show at the current version, from what publishing wrote beside it."""
    manifest = json.loads(
        (home / "published" / "current" / "manifest.json").read_text(encoding="utf-8")
    )
    tables = manifest["tables"]
    return (
        tables["core.fct_order_lines"]["rows"],
        tables["core.fct_order_lines"]["money"]["net_amount"],
        tables["core.fct_orders"]["money"]["net_amount"],
        tables["quality.loads"]["rows"],
        manifest["known_at"],
        tables["rfm.rfm_customers"]["money"]["monetary_amount"],
        manifest["as_of_date"],
    )


@pytest.mark.timeout(1800)
def test_readers_see_whole_versions_in_order_while_builds_publish(sample_home, tmp_path):
    home = copied(sample_home, tmp_path / "home")
    told = [_told_by_the_manifest(home)]
    versions = [version(home)]
    with reading(home, tmp_path) as looks:
        for number in range(1, BUILDS + 1):
            on = dt.date(2026, 7, number)
            deliver_orders(home / "landing", f"new_{number}.csv", f"N{number}-", on, LINES_A_FILE)
            done(home, "build")
            told.append(_told_by_the_manifest(home))
            versions.append(version(home))
    assert len(set(versions)) == BUILDS + 1
    assert [look[0] - told[0][0] for look in told] == [
        number * LINES_A_FILE for number in range(BUILDS + 1)
    ]
    for name, seen in looks.items():
        order = [told.index(look) for look in seen]  # a mixture of versions is in no manifest
        assert order == sorted(order), name
        expected = {0} if name == "a held connection" else set(range(BUILDS + 1))
        assert set(order) == expected, name
