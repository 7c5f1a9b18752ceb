from __future__ import annotations

from pathlib import Path

import pytest
from harness import Project
from landed import Landed


@pytest.fixture
def landed(tmp_path: Path, project: Project) -> Landed:
    return Landed(tmp_path, project)
