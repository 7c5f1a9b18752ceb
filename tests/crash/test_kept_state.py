"""The state that builds go on from: only ever what a build left that ended well."""

from __future__ import annotations

import duckdb
import pytest

from crm.operation import build_files
from crm.settings import Settings


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path)
    settings.build.mkdir()
    return settings


def write(settings, value):
    """What a build does to both databases."""
    for name in ("build.duckdb", "marts.duckdb"):
        with duckdb.connect(str(settings.build / name)) as con:
            con.execute(f"create or replace table state as select {value} as value")


def state(settings, name="build.duckdb"):
    with duckdb.connect(str(settings.build / name)) as con:
        return con.execute("select value from state").fetchone()[0]


def before(settings):
    with duckdb.connect(str(build_files.before(settings)), read_only=True) as con:
        return con.execute("select value from state").fetchone()[0]


def good_build(settings, value):
    build_files.begin(settings, is_anew=False)
    write(settings, value)
    build_files.end(settings, goes_on=True)


def test_a_first_build_has_nothing_before_it(settings):
    build_files.begin(settings, is_anew=False)
    assert not build_files.before(settings).exists()
    assert not (settings.build / "build.duckdb").exists()


def test_a_build_compares_with_what_the_last_good_one_left(settings):
    good_build(settings, 1)
    build_files.begin(settings, is_anew=False)
    write(settings, 2)
    assert (before(settings), state(settings)) == (1, 2)
    build_files.end(settings, goes_on=True)
    assert state(settings) == 2
    assert sorted(path.name for path in settings.build.iterdir()) == [
        "build.duckdb",
        "marts.duckdb",
    ]


@pytest.mark.parametrize("is_anew", [False, True])
def test_what_a_failed_build_left_is_thrown_away(settings, is_anew):
    good_build(settings, 1)
    build_files.begin(settings, is_anew=is_anew)
    write(settings, 2)  # and it never ends
    build_files.begin(settings, is_anew=False)
    assert [state(settings, name) for name in ("build.duckdb", "marts.duckdb")] == [1, 1]
    assert before(settings) == 1


def test_a_first_build_that_fails_leaves_nothing_to_go_on_from(settings):
    build_files.begin(settings, is_anew=False)
    write(settings, 1)
    build_files.begin(settings, is_anew=False)
    assert not (settings.build / "build.duckdb").exists()
    assert not build_files.before(settings).exists()


def test_a_build_of_another_day_leaves_the_nightly_state_as_it_was(settings):
    good_build(settings, 1)
    build_files.begin(settings, is_anew=True)
    assert not (settings.build / "build.duckdb").exists()
    write(settings, 99)
    build_files.end(settings, goes_on=False)
    assert state(settings) == 99, "who asked may look at it"
    build_files.begin(settings, is_anew=False)
    assert (before(settings), state(settings)) == (1, 1)


@pytest.mark.parametrize("step", ["copying", "kept"])
def test_a_build_killed_while_the_copy_is_made_loses_nothing(settings, step, monkeypatch):
    good_build(settings, 1)

    def die(*_):
        raise KeyboardInterrupt

    if step == "copying":
        monkeypatch.setattr(build_files.os, "fsync", die)
    else:
        monkeypatch.setattr(build_files.Path, "symlink_to", die)
    with pytest.raises(KeyboardInterrupt):
        build_files.begin(settings, is_anew=False)
    monkeypatch.undo()
    build_files.begin(settings, is_anew=False)
    assert (before(settings), state(settings)) == (1, 1)


def test_a_build_killed_while_the_copy_is_removed_has_ended(settings, monkeypatch):
    good_build(settings, 1)
    build_files.begin(settings, is_anew=False)
    write(settings, 2)

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build_files.shutil, "rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        build_files.end(settings, goes_on=True)
    monkeypatch.undo()
    build_files.begin(settings, is_anew=False)
    assert (before(settings), state(settings)) == (2, 2)


def test_one_database_without_the_other_is_no_state(settings):
    good_build(settings, 1)
    (settings.build / "marts.duckdb").unlink()
    build_files.begin(settings, is_anew=False)
    assert not (settings.build / "build.duckdb").exists()
    assert not build_files.before(settings).exists()
