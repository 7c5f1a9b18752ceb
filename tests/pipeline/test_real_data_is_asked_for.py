"""Where the real data is missing, its tests are left out aloud; where it was promised, refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
TWO = """
def test_on_real_data(real_data):
    assert (real_data / "online_retail_ii").is_dir()
def test_on_nothing():
    assert True
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Two tests with this project's rules, in a folder that has no data beside it."""
    folder = tmp_path / "project" / "tests"
    folder.mkdir(parents=True)
    for name in ("conftest.py", "command.py", "harness.py"):
        shutil.copyfile(TESTS / name, folder / name)
    (folder / "test_two.py").write_text(TWO, encoding="utf-8")
    return folder.parent


def run_pytest(project: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests"],
        cwd=project,
        env={**kept, "PYTHONPATH": str(TESTS.parent), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_without_the_data_its_tests_are_left_out_with_one_line_that_says_so(elsewhere, options):
    run = run_pytest(elsewhere, *options)
    assert run.returncode == 0
    assert "1 passed" in run.stdout
    [line] = [line for line in run.stdout.splitlines() if line.startswith("Left out")]
    assert "1 tests in tests/test_two.py" in line
    assert "CRM_REAL_DATA" in line


def test_with_the_data_beside_the_project_nothing_is_left_out(elsewhere):
    (elsewhere.parent / "shared" / "data" / "online_retail_ii").mkdir(parents=True)
    run = run_pytest(elsewhere)
    assert run.returncode == 0
    assert "2 passed" in run.stdout
    assert "Left out" not in run.stdout


@pytest.mark.parametrize("promise", [{"CI": "true"}, {"CRM_REAL_DATA": "nowhere"}])
def test_data_that_was_promised_and_is_missing_stops_the_run(elsewhere, promise):
    run = run_pytest(elsewhere, **promise)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "tests need the real data" in run.stderr
    assert "passed" not in run.stdout
