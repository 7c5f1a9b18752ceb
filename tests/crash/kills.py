"""Real builds that are killed with SIGKILL at a chosen moment, and what they leave behind.

When the moment has come is found by `doom/sitecustomize.py` inside the process tree itself. Which
moments there are is for the tests and for `soak.py` to say.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from command import STANDARD, assert_stands, done, start, version
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter  # noqa: TID251 - its own record

SYSTEMS = STANDARD
CHANGES = "/home/(raw|build|published)/"
"""What a build changes on the disk of a warehouse whose folder is called `home`."""
DELIVERIES = {"quality.loads.delivered_at"}
"""All that a build at another moment may tell otherwise."""
_DOOM = Path(__file__).parent / "doom"
_A_BUILD_SECONDS = 900.0
_A_MOMENT_SECONDS = 120.0
_FINISHED = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}


@dataclass(frozen=True)
class Moment:
    """When who dies: `doom/sitecustomize.py` says what each key means."""

    name: str
    path: str
    process: str | None = None
    number: int = 1
    seconds: float = 0.0
    victim: str = "self"


@dataclass(frozen=True)
class Death:
    """What was about to be done when a process died, and how the command then ended."""

    process: str
    event: str
    path: str
    returncode: int
    said: str

    def run(self) -> subprocess.CompletedProcess[str]:
        """The command as `command.refused` reads it."""
        return subprocess.CompletedProcess([], self.returncode, "", self.said)


def killed_build(home: Path, moment: Moment, mark: Path) -> Death:
    """Run `crm build` until `moment`, or to its end where only dbt dies. `mark` must not exist.

    Raises `AssertionError` where the moment never comes.
    """
    build = start(home, "build", **SYSTEMS, **_doomed(moment, mark))
    _, said = build.communicate(timeout=_A_BUILD_SECONDS)
    assert mark.exists(), f"It ended ({build.returncode}) before '{moment.name}':\n{said}"
    return _death(mark, build.returncode, said)


def killed_worker(home: Path, moment: Moment, mark: Path) -> Death:
    """Let `crm dev` run what arrived, kill its run's worker at `moment`, then end the whole tree.

    Waits until Dagster has no unfinished run before it ends the tree. Raises `TimeoutError`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = mark.with_suffix(".log")
    with log.open("w") as into:
        arguments = ("dev", "--port", str(port))
        dev = start(home, *arguments, into=into.fileno(), **SYSTEMS, **_doomed(moment, mark))
        try:
            wait_until(mark.exists, _A_BUILD_SECONDS, f"the worker to come to '{moment.name}'")
            wait_until(lambda: not unfinished_runs(home), _A_MOMENT_SECONDS, "its record to end")
        finally:
            for process in processes_of(home):
                os.kill(process, signal.SIGKILL)
            dev.wait()
    return _death(mark, dev.returncode, log.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Twin:
    """A warehouse that nobody killed; `changes` counts what each program changed on its disk."""

    home: Path
    changes: Mapping[str, int]


def counted_build(home: Path, mark: Path) -> Twin:
    """Run `crm build` to its end, counting the moments at which it could have been killed."""
    done(home, "build", **SYSTEMS, **_doomed(Moment("any change", CHANGES, number=0), mark))
    told = [json.loads(line) for line in mark.read_text(encoding="utf-8").splitlines()]
    return Twin(home, {entry["process"]: entry["found"] for entry in told})


def processes_of(home: Path) -> list[int]:
    """Every living process that was started for this warehouse."""
    own, found = f"CRM_HOME={home}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if own in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # it has just ended, or is another user's
            continue
    return found


def assert_nothing_harmed(home: Path, *whole: str) -> None:
    """After a kill: nothing of its tree lives on, and readers see one of the whole versions."""
    wait_until(lambda: not processes_of(home), 10, "all processes of the killed build to end")
    assert version(home) in whole
    assert_stands(home, version(home))


def unfinished_runs(home: Path) -> list[str]:
    """What Dagster believes to be waiting or at work, each as its status and id."""
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        statuses = [status for status in DagsterRunStatus if status not in _FINISHED]
        runs = instance.get_runs(filters=RunsFilter(statuses=statuses))
        return [f"{run.status.value} {run.run_id}" for run in runs]


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Look again and again. Raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s for {what}.")
        time.sleep(0.2)


def _doomed(moment: Moment, mark: Path) -> dict[str, str]:
    doom = asdict(moment) | {"mark": str(mark)}
    path = os.pathsep.join([str(_DOOM), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"DOOM": json.dumps(doom), "PYTHONPATH": path}


def _death(mark: Path, returncode: int, said: str) -> Death:
    told = json.loads(mark.read_text(encoding="utf-8"))
    return Death(told["process"], told["event"], told["path"], returncode, said)
