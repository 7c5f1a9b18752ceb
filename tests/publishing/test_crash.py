"""kill -9 at any step of publishing: the last version stands, the next publication heals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from marts_by_hand import CLOCK, NOW, build, contract, publish_now, seen, settings_of

from crm.publication.publishing import list_versions, publish, rollback

STEPS = (
    "checked",
    "copied",
    "read back",
    "exported",
    "synced",
    "whole",
    "swapped",
    "pruned",
)


def publish_and_die(home: Path, step: str) -> None:
    """Runs in a process of its own, which ends by SIGKILL once `step` is done."""

    def die(done: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    publish(settings_of(home, keep_versions=2), "dying", CLOCK, contract(), NOW, die)


def killed_publish(home: Path, step: str) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pathlib, sys; sys.path[:0] = [sys.argv[1]]; import test_crash;"
            "test_crash.publish_and_die(pathlib.Path(sys.argv[2]), sys.argv[3])",
            str(Path(__file__).parent),
            str(home),
            step,
        ],
        check=False,
    )
    assert run.returncode == -signal.SIGKILL


def test_the_steps_are_all_there_are(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    done: list[str] = []
    publish(settings, "run", CLOCK, contract(), NOW, done.append)
    assert tuple(done) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_readers_see_a_whole_version_and_the_next_publication_heals(tmp_path, step):
    settings = settings_of(tmp_path, keep_versions=2)
    for number in (1, 2):
        build(settings, number)
        publish_now(settings, number)
    build(settings, 3)
    killed_publish(tmp_path, step)
    assert seen(settings) == (3 if step in ("swapped", "pruned") else 2)

    healed = publish_now(settings, 4)
    assert seen(settings) == 3
    # The killed run had published already when only its tidying was missing.
    assert healed.is_new == (step not in ("swapped", "pruned"))
    assert not list((settings.published / "versions").glob("*.tmp"))
    if healed.is_new and step != "whole":
        assert len(list_versions(settings)) == 2
    build(settings, 4)
    publish_now(settings, 5)
    assert len(list_versions(settings)) == 2
    assert seen(settings) == 4


def test_after_a_kill_of_the_very_first_publication_there_is_nothing_to_read_until_the_next(
    tmp_path,
):
    settings = settings_of(tmp_path)
    build(settings, 1)
    killed_publish(tmp_path, "synced")
    assert not (settings.published / "marts.duckdb").exists()
    assert list_versions(settings) == ()
    assert publish_now(settings).is_new
    assert seen(settings) == 1


def test_a_version_that_lost_its_swap_is_not_mistaken_for_one_rolled_back_from(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    build(settings, 2)
    killed_publish(tmp_path, "whole")
    assert seen(settings) == 1
    lost = list_versions(settings)[-1]
    healed = publish_now(settings, 1)
    assert (healed.is_new, healed.version) == (True, lost)
    assert seen(settings) == 2
    rollback(settings)
    assert not publish_now(settings, 2).is_new
    assert seen(settings) == 1
