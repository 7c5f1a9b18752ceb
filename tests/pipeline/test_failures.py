"""A build that fails says one cause and one fix, ends with an error, and readers notice nothing.

Each failure is a real one: a wrong setting, a held lock, a failed check, a killed process.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from command import copied, crm, done, marts, rows, start, version
from company_by_hand import deliver_orders
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter  # noqa: TID251 - its own record

from crm.settings import PROJECT_ROOT

HOLD = """
import fcntl, json, os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
os.ftruncate(file, 0)
os.pwrite(file, json.dumps({"pid": os.getpid(), "since": "now", "holder": "a test"}).encode(), 0)
print("held", flush=True)
sys.stdin.read()
"""
PROJECT_PARTS = (
    "crm", "orchestration", "models", "macros", "seeds", "tests/dbt",
    "dbt_project.yml", "profiles.yml", "crm.toml",
)  # fmt: skip
ORDERS = 120
SEED = 20261122


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that failures may not harm: every test leaves it as published as it found it."""
    return copied(sample_home, tmp_path_factory.mktemp("failures") / "home")


def assert_stands(home: Path, published: str) -> None:
    """Readers see this version, and every column of every table of it can be read."""
    assert version(home) == published
    with duckdb.connect(marts(home), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert len(names) > 10
        for schema, table in names:
            text = connection.execute(f"select sum(hash(t)) from {schema}.{table} as t").fetchone()
            assert text[0] or table == "load_amounts", table


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


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(home, sample_home):
    run = crm(home, "build", CRM_SETLE_SECONDS="1")
    refused(
        run, "Unknown environment variable CRM_SETLE_SECONDS.", "Did you mean 'CRM_SETTLE_SECONDS'?"
    )
    assert_stands(home, version(sample_home))


def test_a_broken_settings_file_is_named_with_its_line(home, sample_home, tmp_path):
    file = tmp_path / "crm.toml"
    file.write_text('reporting_currency = "GBP"\nsystems = [\n', encoding="utf-8")
    run = crm(home, "build", CRM_CONFIG=str(file))
    refused(run, f"{file} is not valid TOML:", "Mend the line it names.")
    assert_stands(home, version(sample_home))


def test_a_value_out_of_range_is_named_with_where_to_mend_it(home, sample_home):
    run = crm(home, "build", CRM_KEEP_VERSIONS="0")
    refused(
        run, "Setting 'keep_versions' has the value '0'", "CRM_KEEP_VERSIONS in the environment"
    )
    assert_stands(home, version(sample_home))


def test_a_second_build_says_who_holds_the_lock_and_ends(home, sample_home):
    lock = home / "build" / "writer.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        run = crm(home, "build", CRM_LOCK_WAIT_SECONDS="0")
    finally:
        holder.communicate()
    refused(run, f"Process {holder.pid} (a test, since now) is writing", "Wait until it is done")
    assert "Nothing was published" in run.stderr
    assert_stands(home, version(sample_home))


def test_a_failed_test_of_a_mart_stops_before_publishing_and_is_named(home, sample_home, tmp_path):
    project = tmp_path / "project"
    for part in PROJECT_PARTS:
        source, target = PROJECT_ROOT / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    planted = project / "tests" / "dbt" / "no_order_has_an_amount.sql"
    planted.write_text(
        "select 1 as found from {{ ref('fct_orders') }} where net_amount > 0 limit 1\n"
    )
    run = crm(home, "build", PYTHONPATH=str(project))
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "no_order_has_an_amount" in run.stderr
    assert "Nothing was published" in run.stderr
    assert_stands(home, version(sample_home))


def _dbt_of(home: Path) -> Iterator[int]:
    """The dbt processes that work on this warehouse."""
    own = f"WAREHOUSE_BUILD={home / 'build'}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"crm-dbt" in words and own in variables:
            yield int(process.name)


def _kill(home: Path, stage: str, pause_seconds: float) -> bool:
    """Start a build and kill it -9 a while into a stage; whether dbt was at work at that moment."""
    build = start(home, "build")
    assert build.stderr is not None
    said = []
    for line in build.stderr:
        said.append(line)
        if line.startswith(stage):
            break
    else:
        pytest.fail(f"The build ended before '{stage}':\n{''.join(said)}")
    time.sleep(pause_seconds)
    had_dbt = any(_dbt_of(home))
    os.kill(build.pid, signal.SIGKILL)
    build.stderr.close()
    assert build.wait() == -signal.SIGKILL
    return had_dbt


@pytest.mark.timeout(1800)
def test_builds_killed_at_any_stage_harm_nothing_and_the_next_completes(sample_home, tmp_path):
    home = copied(sample_home, tmp_path / "home")
    deliver_orders(home / "landing", "new.csv", "K", dt.date(2026, 7, 1), ORDERS)
    before = version(home)
    lines = rows(marts(home), "select count(*) from core.fct_order_lines")[0][0]
    moments = random.Random(SEED)
    for stage, longest in (("taking files", 0.3), ("models and tests", 8.0), ("publishing", 0.2)):
        had_dbt = _kill(home, stage, moments.uniform(0, longest))
        assert had_dbt == (stage == "models and tests")
        _wait_until_no_dbt(home)
        if version(home) == before:
            assert_stands(home, before)
        else:  # killed after the swap
            assert stage == "publishing"
            assert_stands(home, version(home))
    done(home, "build")
    assert version(home) != before
    assert_stands(home, version(home))
    assert rows(marts(home), "select count(*) from core.fct_order_lines") == [(lines + ORDERS,)]
    assert rows(
        marts(home), "select delivered, accepted from quality.loads where file = 'new.csv'"
    ) == [(ORDERS, ORDERS)]
    assert _runs(home) == {DagsterRunStatus.SUCCESS: 2, DagsterRunStatus.FAILURE: 3}


def _wait_until_no_dbt(home: Path) -> None:
    """dbt dies with its parent: the kernel may take a moment over it, but not a minute."""
    for _ in range(100):
        if not any(_dbt_of(home)):
            return
        time.sleep(0.1)
    pytest.fail("A dbt of the killed build is still at work.")


def _runs(home: Path) -> dict[DagsterRunStatus, int]:
    """How many recorded builds ended how."""
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        return {
            status: found
            for status in DagsterRunStatus
            if (found := instance.get_runs_count(RunsFilter(statuses=[status])))
        }
