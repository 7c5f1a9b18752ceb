"""Readers of every kind while versions are swapped: no error, no mixture, no way back."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from marts_by_hand import build, publish_now, seen, settings_of

PUBLICATIONS = 15

# Each reader prints the build numbers of one look over all tables, until its input closes.
LOOK = """
import os, sys, threading
published = sys.argv[1]
SQL = '''select string_agg(distinct build_number::varchar, ' ') from (
    select build_number from marts.core.fct_orders
    union all select build_number from marts.rfm.rfm_customers
    union all select build_number from marts.quality.loads)'''
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
def looks(look):
    while not stop.is_set():
        print(look(), flush=True)
"""
READERS = {
    "short connections": """
import duckdb
def look():
    with duckdb.connect(published + "/marts.duckdb", read_only=True) as connection:
        return connection.execute(SQL).fetchone()[0]
looks(look)
""",
    "a held connection": """
import duckdb
with duckdb.connect(published + "/marts.duckdb", read_only=True) as connection:
    looks(lambda: connection.execute(SQL).fetchone()[0])
""",
    "SQLAlchemy without a pool": """
import sqlalchemy
engine = sqlalchemy.create_engine(
    "duckdb:///" + published + "/marts.duckdb",
    poolclass=sqlalchemy.NullPool,
    connect_args={"read_only": True},
)
def look():
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text(SQL)).scalar()
looks(look)
""",
    "crm query": """
from pathlib import Path
from crm.publication.marts import query
from crm.settings import Settings
settings = Settings(home=Path(published).parent, threads=1)
looks(lambda: query(settings, SQL).rows[0][0])
""",
    "Parquet": """
import duckdb
def look():
    version = os.path.realpath(published + "/current")
    with duckdb.connect() as connection:
        sql = SQL
        for table in ("core.fct_orders", "rfm.rfm_customers", "quality.loads"):
            file = version + "/parquet/" + table.replace(".", "/") + "/*.parquet"
            sql = sql.replace("marts." + table, "'" + file + "'")
        return connection.execute(sql).fetchone()[0]
looks(look)
""",
}


def test_readers_see_whole_versions_in_order_while_fifteen_are_swapped_in(tmp_path):
    settings = settings_of(tmp_path, keep_versions=3)
    build(settings, 0)
    publish_now(settings)
    readers = {}
    for name, code in READERS.items():
        out = (tmp_path / f"{name}.txt").open("w+")
        readers[name] = (
            out,
            subprocess.Popen(
                [sys.executable, "-c", LOOK + code, str(settings.published)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            ),
        )
    try:
        for name, (_, process) in readers.items():
            _wait_for_a_look(tmp_path / f"{name}.txt", process)
        for number in range(1, PUBLICATIONS + 1):
            build(settings, number)
            assert publish_now(settings, number).is_new
        time.sleep(0.5)
    finally:
        errors = {name: process.communicate()[1] for name, (_, process) in readers.items()}
    for name, (out, process) in readers.items():
        assert (process.returncode, errors[name]) == (0, ""), name
        out.seek(0)
        looks = [int(line) for line in out.read().splitlines()]  # one number a look, else it fails
        out.close()
        assert looks == sorted(looks), name
        if name == "a held connection":
            assert set(looks) == {0}
        else:
            assert looks[0] == 0
            assert looks[-1] == PUBLICATIONS
            assert len(set(looks)) > 2, name


def _wait_for_a_look(file: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if file.stat().st_size or process.poll() is not None:
            return
        time.sleep(0.1)
    pytest.fail(f"no look in a minute: {file.name}")


def test_the_check_of_readers_notices_a_mixture(tmp_path):
    settings = settings_of(tmp_path)
    file = build(settings, 1)
    with duckdb.connect(file) as connection:
        connection.execute("update quality.loads set build_number = 2 where load_id = 1")
    publish_now(settings)
    with pytest.raises(AssertionError, match="several builds at once"):
        seen(settings)


def test_a_process_that_holds_an_old_version_sees_the_new_one_in_a_new_connection(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    sql = "select max(build_number) from marts.core.fct_orders"
    with duckdb.connect(settings.published / "marts.duckdb", read_only=True) as held:
        build(settings, 2)
        publish_now(settings, 1)
        assert held.execute(sql).fetchall() == [(1,)]
        assert seen(settings) == 2
