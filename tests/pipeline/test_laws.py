"""The laws on the real pipeline: one warehouse, some builds, their published files compared.

On generated companies, in memory and in far more cases: `tests/laws`. What an earlier day knew is
asked of the sample company: `test_sample_company.py`.
"""

from __future__ import annotations

import random
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import STANDARD, copied, done, marts, version
from equal_marts import DESCRIBES_DELIVERIES, assert_equal, differences

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("feeds", "laws")]

from delivered_companies import Delivery, deliveries  # noqa: E402
from landed import as_csv  # noqa: E402

FIRST = 3  # files of the first day
COMPANY = deliveries(
    random.Random(4),
    orders=40,
    feeds=(
        "transactions",
        "customers",
        "link_decisions",
        "transactions",
        "exchange_rates",
        "link_decisions",
    ),
)


@dataclass(frozen=True)
class Days:
    """A warehouse after two days of deliveries, and what it had published on the first."""

    home: Path
    first: Path


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    folder = tmp_path_factory.mktemp("days")
    home, first = folder / "home", folder / "first.duckdb"
    _land(home, COMPANY[:FIRST], "first")
    done(home, "build", **STANDARD)
    shutil.copyfile(marts(home), first)
    _land(home, COMPANY[FIRST:], "second")
    done(home, "build", **STANDARD)
    return Days(home, first)


def test_two_days_end_like_one_build_from_raw(days: Days, tmp_path: Path) -> None:
    assert differences(days.first, marts(days.home), DESCRIBES_DELIVERIES)
    anew = copied(days.home, tmp_path / "home")
    done(anew, "build", "--full-refresh", **STANDARD)
    # What it built: it is not published where it is what stands.
    assert_equal(marts(days.home), anew / "build" / "marts.duckdb", DESCRIBES_DELIVERIES)


def test_a_run_without_changes_publishes_no_version(days: Days) -> None:
    published = version(days.home)
    done(days.home, "build", **STANDARD)
    assert version(days.home) == published


def _land(home: Path, files: list[Delivery], name: str) -> None:
    for number, delivery in enumerate(files):
        file = home / "landing" / "standard" / delivery.feed / f"{name}_{number}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_csv(delivery.rows), encoding="utf-8")
