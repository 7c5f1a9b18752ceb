"""A company of two thousand lines, written once. Not to be written to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from lines_by_pandas import read_lines

from bench import company

LINES = 2_000


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    company.write(LINES, folder / "history", folder / "next_day")
    return folder


@pytest.fixture(scope="session")
def lines(written: Path) -> pd.DataFrame:
    return read_lines(written / "history")
