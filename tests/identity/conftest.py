from __future__ import annotations

import sys
from pathlib import Path

import pytest
from harness import Project

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "feeds"))

from landed import Landed


@pytest.fixture
def landed(tmp_path: Path, project: Project) -> Landed:
    """An empty home folder of the system `standard`."""
    return Landed(tmp_path, project)
