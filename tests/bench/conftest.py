"""A company of two thousand lines, written once. Not to be written to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench import company

LINES = 2_000


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    company.write(LINES, folder / "history", folder / "next_day")
    return folder


@pytest.fixture(scope="session")
def lines(written: Path) -> pd.DataFrame:
    """The history as pandas reads it, amounts as floating numbers."""
    frame = pd.read_parquet(written / "history")
    money = ["unit_price", "discount_amount", "unit_cost"]
    frame[money] = frame[money].astype(float)
    frame["net_amount"] = frame["quantity"] * frame["unit_price"] - frame["discount_amount"]
    frame["ordered_on"] = frame["ordered_at"].dt.normalize()
    return frame
