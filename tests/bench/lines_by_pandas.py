"""Order lines as pandas reads them, to sum by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def read_lines(folder: Path) -> pd.DataFrame:
    """A folder's order lines as pandas reads them, amounts as floating numbers."""
    frame = pd.read_parquet(folder)
    money = ["unit_price", "discount_amount", "unit_cost"]
    frame[money] = frame[money].astype(float)
    frame["net_amount"] = frame["quantity"] * frame["unit_price"] - frame["discount_amount"]
    frame["ordered_on"] = frame["ordered_at"].dt.normalize()
    return frame
