from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pytest
from kept_warehouse import kept_project

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "feeds"))

from harness import compiled_project
from lawful import SYSTEMS, Projects

from crm.operation.locking import file_lock


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """Both variants of the project, compiled once for all processes of a session."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    file = shared / "projects.pickle"
    with file_lock(shared / "projects.lock", "the laws' projects", wait_seconds=900):
        if not file.exists():
            both = Projects(compiled_project(SYSTEMS), kept_project(SYSTEMS))
            file.write_bytes(pickle.dumps(both))
    return pickle.loads(file.read_bytes())  # noqa: S301 - written above
