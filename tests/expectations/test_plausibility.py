from __future__ import annotations

import datetime as dt
import subprocess
import sys

import duckdb
import pytest
from batches_by_hand import DAY, Marts, about, blocking, failed

from crm.checks.plausibility import PUBLISH_LIMITS, PlausibilityError

LINES = "core.fct_order_lines.net_amount_reporting"


def test_the_first_publication_compares_nothing_and_says_so(marts: Marts) -> None:
    marts.build()
    outcomes = marts.judge()
    assert blocking(outcomes) == []
    rows = [o for o in outcomes if "rows ratio_to_median" in o.name]
    assert {o.status for o in rows} == {"not_evaluated"}
    assert about(outcomes, "share_of_delivered value error").status == "passed"


def test_marts_that_grew_by_a_day_pass_every_check(marts: Marts) -> None:
    marts.build()
    marts.publish()
    marts.build(lines=2020, as_of=DAY + dt.timedelta(days=1), loads=11)
    outcomes = marts.judge()
    assert failed(outcomes) == []
    assert {o.subject for o in outcomes} == {"core", "rfm", "quality"}


LOADS = "quality.loads.quarantined:*"
SCORES = "rfm.rfm_customers"


@pytest.mark.parametrize(
    ("built", "name", "blocks"),
    [
        ({"lines": 1500}, "core: rows ratio_to_median error", True),
        ({"lines": 1900}, "core: rows ratio_to_median warn", False),
        ({"lines": 0}, "core: is_empty beyond_range error", True),
        ({"amount": 5}, f"core: total ratio_to_median error [{LINES}]", True),
        ({"amount": 14}, f"core: total ratio_to_median warn [{LINES}]", False),
        ({"unattributed": 700}, f"core: unattributed_share beyond_range error [{LINES}]", True),
        ({"unattributed": 200}, f"core: unattributed_share beyond_range warn [{LINES}]", False),
        (
            {"loads": 11, "quarantined": 60},
            f"quality: share_of_delivered value error [{LOADS}]",
            True,
        ),
        (
            {"loads": 11, "quarantined": 10},
            f"quality: share_of_delivered value warn [{LOADS}]",
            False,
        ),
        ({"scores": 2}, f"rfm: distinct_values value error [{SCORES}.[rm]_score]", True),
        ({"scores": 2}, f"rfm: distinct_values value warn [{SCORES}.f_score]", False),
        (
            {"as_of": DAY - dt.timedelta(days=1)},
            "core: latest_day beyond_range warn [core.clock.as_of_date]",
            False,
        ),
        (
            {"as_of": DAY + dt.timedelta(days=99)},
            "core: latest_day beyond_range warn [core.clock.as_of_date]",
            False,
        ),
    ],
)
def test_each_kind_of_implausible_mart_fails(
    marts: Marts, built: dict[str, int], name: str, blocks: bool
) -> None:
    marts.build()
    marts.publish()
    marts.build(**built)
    (outcome,) = [o for o in marts.judge() if o.name == name]
    assert (outcome.status, outcome.blocks) == ("failed", blocks)
    assert "Readers keep the published version." in outcome.description


def test_the_message_names_the_table_and_the_numbers(marts: Marts) -> None:
    marts.build()
    marts.publish()
    marts.build(lines=1000)
    outcomes = [o for o in marts.judge() if o.name == "core: rows ratio_to_median error"]
    assert [o.description.partition(";")[0] for o in outcomes] == [
        "core.fct_order_lines: rows is 1000, 0.5 times the median 2000 of 1 before"
    ]


def test_a_table_that_lost_nearly_all_is_not_too_small_to_be_judged(marts: Marts) -> None:
    marts.build()
    marts.publish()
    marts.build(lines=3)
    assert "core: rows ratio_to_median error" in blocking(marts.judge())


def test_quarantine_of_loads_that_are_published_is_old_news(marts: Marts) -> None:
    marts.build(quarantined=90, loads=1)
    assert "quality: share_of_delivered value error [quality.loads.quarantined:*]" in blocking(
        marts.judge()
    )
    marts.publish(known_at=1)
    outcome = about(marts.judge(), "share_of_delivered value error")
    assert (outcome.status, outcome.description) == (
        "not_evaluated",
        "Not evaluated: nothing to measure.",
    )


def test_quality_tables_may_shrink_to_nothing(marts: Marts) -> None:
    marts.build(loads=200)
    marts.publish(known_at=200)
    marts.build(loads=10)
    assert blocking(marts.judge()) == []


@pytest.mark.parametrize("asked", [{"as_of": DAY - dt.timedelta(days=1)}, {"known_at": 5}])
def test_a_person_may_ask_for_an_earlier_clock_and_then_nothing_is_compared(
    marts: Marts, asked: dict[str, dt.date | int]
) -> None:
    marts.build()
    marts.publish()
    marts.build(lines=500)
    assert blocking(marts.judge()) != []
    outcomes = marts.judge(**asked)
    assert blocking(outcomes) == []
    (rows,) = [o for o in outcomes if o.name == "core: rows ratio_to_median error"]
    assert rows.status == "not_evaluated"


def test_a_limit_that_fits_nothing_in_the_marts_is_errored_and_blocks(marts: Marts) -> None:
    limits = marts.home / "limits.csv"
    row = "rfm.rfm_custommers.r_score,distinct_values,warn,value,3,,0,0,Mistyped\n"
    limits.write_text(PUBLISH_LIMITS.read_text(encoding="utf-8") + row, encoding="utf-8")
    marts.limits_file = limits
    marts.build()
    (outcome,) = [o for o in marts.judge() if "custommers" in o.name]
    assert (outcome.status, outcome.blocks, outcome.subject) == ("errored", True, "rfm")
    assert "rfm.rfm_custommers.r_score, distinct_values" in outcome.description


def test_afterwards_another_process_can_write_to_the_built_marts(marts: Marts) -> None:
    marts.build()
    marts.publish()
    marts.judge()
    for file in (marts.file, marts.settings.published / "marts.duckdb"):
        _write_from_outside(str(file))
    with duckdb.connect(marts.file) as con:
        con.execute("insert into core.clock values (date '2026-01-01')")


def test_marts_that_somebody_writes_to_are_told_plainly(marts: Marts) -> None:
    marts.build()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, "
         "flush=True); sys.stdin.read()", str(marts.file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(PlausibilityError, match="cannot be measured"):
            marts.judge()
    finally:
        holder.communicate()


def test_without_built_marts_nothing_is_judged(marts: Marts) -> None:
    with pytest.raises(PlausibilityError, match=r"There is no .*marts\.duckdb"):
        marts.judge()


def _write_from_outside(file: str) -> None:
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create schema probe')"
    subprocess.run([sys.executable, "-c", script, file], check=True, timeout=60)
