from __future__ import annotations

import pytest
from harness import Project, compiled_project


@pytest.fixture(scope="session")
def project() -> Project:
    """The project as dbt compiles it."""
    return compiled_project()
