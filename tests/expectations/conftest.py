from __future__ import annotations

from pathlib import Path

import pytest
from batches_by_hand import Marts, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def marts(tmp_path: Path) -> Marts:
    return Marts(tmp_path)
