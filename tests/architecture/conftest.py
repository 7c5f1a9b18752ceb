from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm.settings import Settings
from orchestration.dbt import prepare_manifest


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
