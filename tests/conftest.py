"""What tests of several areas share: the compiled project, built warehouses, the real data.

Tests that need the real data ask for `real_data`, directly or through a fixture. Where it is not
there they are left out, with one line that says so; where it must be there (in CI, or when a
variable promises it) its absence is an error.
"""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from command import done
from harness import Project, compiled_project
from hypothesis import settings

from crm.operation.locking import file_lock
from crm.settings import Settings
from orchestration.dbt import prepare_manifest

_PROMISED = os.environ.get("CRM_REAL_DATA")
_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
_LEFT_OUT = pytest.StashKey[list[str]]()


# The same code has the same result in CI; elsewhere every run hunts anew.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


def pytest_configure() -> None:
    """Take the settings of whoever runs the tests out of their way: tests bring their own."""
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests on real data where there is none. Raises where it was promised."""
    needing = [item for item in items if "real_data" in getattr(item, "fixturenames", ())]
    folder = _real_data()
    if not needing or folder.is_dir():
        return
    if _PROMISED is not None or os.environ.get("CI") == "true":
        raise pytest.UsageError(
            f"{len(needing)} tests need the real data, and {folder} is no folder. "
            "Set CRM_REAL_DATA to the folder that holds online_retail_ii."
        )
    config.stash[_LEFT_OUT] = [item.nodeid for item in needing]
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, tell the one that reports what this one left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(_LEFT_OUT, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    """Every process collects every test, so each has left out the same."""
    node.config.stash[_LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line what was left out and why."""
    left_out = config.stash.get(_LEFT_OUT, [])
    if left_out:
        files = sorted({name.partition("::")[0] for name in left_out})
        terminalreporter.write_line(
            f"Left out for want of the real data: {len(left_out)} tests in {', '.join(files)}. "
            "Set CRM_REAL_DATA to the folder that holds online_retail_ii to run them."
        )


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as dbt compiles it, once for all processes of a session."""
    shared = _shared(tmp_path_factory)
    file = shared / "project.pickle"
    with file_lock(shared / "project.lock", "the tests' project", wait_seconds=900):
        if not file.exists():
            file.write_bytes(pickle.dumps(compiled_project()))
    return pickle.loads(file.read_bytes())  # noqa: S301 - written above


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest of the project as dbt parses it. Not to be changed: copy it first."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "WAREHOUSE_BUILD",
            "WAREHOUSE_THREADS",
            "WAREHOUSE_MEMORY_LIMIT",
            "DBT_LOG_PATH",
        ):
            patch.setenv(name, "")  # what the parsing sets is taken back
        file: Path = prepare_manifest(Settings(home=tmp_path_factory.mktemp("parsed")))
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The public data sets: `CRM_REAL_DATA`, else `shared/data` beside the project."""
    return _real_data()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in sample, built and published once. Not to be changed: copy it first."""
    return _built_once(tmp_path_factory, "sample")


@pytest.fixture(scope="session")
def online_retail_home(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """Online Retail II, built and published once. Not to be changed."""
    source = str(real_data / "online_retail_ii")
    return _built_once(
        tmp_path_factory, "online_retail", "--dataset", "online-retail-ii", "--from", source
    )


def _shared(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a session have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _built_once(factory: pytest.TempPathFactory, name: str, *sample: str) -> Path:
    """A warehouse that all processes of a session share: the first that asks builds it."""
    shared = _shared(factory)
    home, mark = shared / name / "home", shared / name / "built"
    with file_lock(shared / f"{name}.lock", f"the tests' {name}", wait_seconds=1800):
        if not mark.exists():
            done(home, "sample", *sample)
            done(home, "build")
            mark.touch()
    return home


def _real_data() -> Path:
    return Path(_PROMISED) if _PROMISED is not None else _BESIDE
