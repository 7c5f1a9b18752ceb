"""Months of the snapshots are partitions: a range of them is made anew in one run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from command import copied, environment, marts, rows, version

from crm.settings import PROJECT_ROOT

MONTHS = "select distinct month_end from rfm.rfm_customer_months order by month_end"
FREQUENCIES = (
    "select month_end, sum(frequency) from rfm.rfm_customer_months group by all order by all"
)


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(sample_home, tmp_path_factory.mktemp("backfill") / "home")


def materialized(home: Path, first: str, last: str) -> subprocess.CompletedProcess[str]:
    """What Dagster says of a run over a range of months."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("dagster")),
            *("asset", "materialize", "-m", "orchestration.definitions"),
            *("--select", "key:published/months", "--partition-range", f"{first}...{last}"),
        ],
        cwd=PROJECT_ROOT,
        env=environment(home, DAGSTER_HOME=str(home / "dagster")),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_range_of_months_is_made_anew_in_one_run_and_no_other_month_is(home, sample_home):
    third, fourth, last = (month for (month,) in rows(marts(home), MONTHS)[2:5])
    built = home / "build" / "marts.duckdb"
    with duckdb.connect(str(built)) as con:
        con.execute(
            "update rfm.rfm_customer_months set frequency = 99 where month_end = $1", [third]
        )
        con.execute(
            "update rfm.rfm_customer_months set frequency = 99 where month_end = $1", [last]
        )
    spoilt = dict(rows(built, FREQUENCIES))
    run = materialized(home, f"{third:%Y-%m}-01", f"{fourth:%Y-%m}-01")
    assert run.returncode == 0, run.stdout + run.stderr
    good, mended = dict(rows(marts(sample_home), FREQUENCIES)), dict(rows(built, FREQUENCIES))
    assert mended == good | {last: spoilt[last]}
    assert version(home) != version(sample_home), "a month that was not asked for is still spoilt"

    run = materialized(home, f"{last:%Y-%m}-01", f"{last:%Y-%m}-01")
    assert run.returncode == 0, run.stdout + run.stderr
    assert dict(rows(marts(home), FREQUENCIES)) == good
    log = "select month_end, cause from quality.restatements order by event_number"
    assert rows(marts(home), log) == [(last, "asked")]
