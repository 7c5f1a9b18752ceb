"""A build that fails says one cause and one fix, ends with an error, and readers notice nothing.

Each failure is a real one: a wrong setting, a held lock, a failed check. Builds that are killed or
run out of room are in `tests/crash/`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import assert_stands, copied, crm, refused, version

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


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that failures may not harm: every test leaves it as published as it found it."""
    return copied(sample_home, tmp_path_factory.mktemp("failures") / "home")


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
