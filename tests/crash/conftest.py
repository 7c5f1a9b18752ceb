"""One small shop for all tests of crashes: as published once, and as it must be in the end."""

from __future__ import annotations

from pathlib import Path

import kills
import pytest
import shop_by_hand
from command import copied, done


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, built and published once. Not to be changed: copy it first."""
    home = tmp_path_factory.mktemp("shop") / "home"
    shop_by_hand.found(home / "landing")
    done(home, "build", **kills.SYSTEMS)
    return home


@pytest.fixture(scope="session")
def twin(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> kills.Twin:
    """The same shop after everything was delivered and one build that nobody killed."""
    home = copied(shop, tmp_path_factory.mktemp("twin") / "home")
    shop_by_hand.deliver(home / "landing")
    shop_by_hand.deliver_more(home / "landing")
    return kills.counted_build(home, home.with_name("counts"))
