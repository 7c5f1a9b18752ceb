from __future__ import annotations

from pathlib import Path

import pytest
from exports import Exports
from harness import Project


@pytest.fixture
def exports(tmp_path: Path, project: Project) -> Exports:
    return Exports(tmp_path, project)
