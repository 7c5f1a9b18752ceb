"""The build's database files after a crash, and what the next build makes of them."""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from crm.operation import build_files
from crm.settings import Settings

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
NAMES = ("build.duckdb", "marts.duckdb")
# A process that is killed with committed rows in its write-ahead log only.
LEAVE_A_LOG = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("create table logged as select random() as r from range(30000)")
os.kill(os.getpid(), 9)
"""
PREPARE_ON_A_FULL_DISK = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
import test_build_files
test_build_files.prepare_on_a_full_disk(Path(sys.argv[2]))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A warehouse whose last build ended well."""
    settings = Settings(home=tmp_path)
    settings.build.mkdir()
    for name in NAMES:
        with duckdb.connect(settings.build / name) as connection:
            connection.execute("create table rows as select random() as r from range(500000)")
    return settings


def rows(file: Path) -> int:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute("select count(*) from rows").fetchall()[0][0]


def begin(settings: Settings) -> list[str]:
    """The start of a build; the names of what was set aside."""
    set_aside = build_files.prepare(settings, NOW)
    build_files.begin(settings, is_anew=False)
    return [file.name for file in set_aside]


def test_a_file_that_was_half_put_back_is_put_back_again_and_not_called_broken(settings):
    begin(settings)
    torn = settings.build / "marts.duckdb"
    torn.write_bytes(torn.read_bytes()[:700_000])
    assert begin(settings) == []
    assert [rows(settings.build / name) for name in NAMES] == [500_000, 500_000]


@pytest.mark.parametrize("where", ["", "kept"])
def test_a_broken_file_is_set_aside_and_the_build_starts_anew(settings, where):
    if where:
        begin(settings)
    (settings.build / where / "marts.duckdb").write_bytes(b"no database" * 1000)
    assert begin(settings) == ["marts.duckdb.broken-20260301T000000Z"]
    assert not any((settings.build / name).exists() for name in NAMES)
    assert not build_files.before(settings).exists()


def prepare_on_a_full_disk(home: Path) -> None:
    """Runs in a process of its own: no file may grow, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        build_files.prepare(Settings(home=home), NOW)
    except build_files.BuildFileError as error:
        print(error)


def test_a_sound_file_is_not_called_broken_because_the_disk_is_full(settings):
    file = settings.build / "build.duckdb"
    subprocess.run([sys.executable, "-c", LEAVE_A_LOG, str(file)], check=False)
    run = subprocess.run(
        [
            *(sys.executable, "-c", PREPARE_ON_A_FULL_DISK),
            *(str(Path(__file__).parent), str(settings.home)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{file} cannot be opened" in run.stdout, run.stdout + run.stderr
    assert "The disk is full. Make room" in run.stdout
    assert begin(settings) == []
    assert rows(file) == 500_000
    with duckdb.connect(file, read_only=True) as connection:
        assert connection.execute("select count(*) from logged").fetchall() == [(30_000,)]
