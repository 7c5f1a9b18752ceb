from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from crm.checks.door import DOOR_LIMITS, DOOR_METRICS
from crm.checks.limits import Limit, LimitError, Measurement, compare, load_limits, make_checks
from crm.checks.plausibility import PUBLISH_LIMITS, PUBLISH_METRICS

HEADER = "applies_to,metric,severity,compare,low,high,min_history,min_rows,reason\n"
LIMIT = Limit("*", "rows", "error", "value", 1, 10, 0, 0, "Because.")
NUMBER = Measurement("shop/orders", "shop/orders/a.csv", "rows", 5, (2, 4, 6), 5)


def test_a_value_is_compared_as_it_is() -> None:
    assert compare(LIMIT, NUMBER) == 5


def test_a_ratio_is_to_the_median_of_the_history() -> None:
    assert compare(replace(LIMIT, compare="ratio_to_median", min_history=1), NUMBER) == 1.25


@pytest.mark.parametrize(("value", "beyond"), [(2, 0), (6, 0), (4, 0), (7.5, 1.5), (1.5, -0.5)])
def test_only_what_lies_beyond_all_history_counts(value: float, beyond: float) -> None:
    limit = replace(LIMIT, compare="beyond_range", min_history=1)
    assert compare(limit, replace(NUMBER, value=value)) == beyond


@pytest.mark.parametrize(
    ("limit", "number", "said"),
    [
        (replace(LIMIT, min_history=4), NUMBER, "history is too short (fewer than 4 before)"),
        (replace(LIMIT, min_rows=6), NUMBER, "fewer than 6 rows"),
        (LIMIT, replace(NUMBER, value=None), "nothing to measure"),
        (
            replace(LIMIT, compare="ratio_to_median", min_history=1),
            replace(NUMBER, history=(0, 0, 3)),
            "the median of its history is zero",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(limit: Limit, number: Measurement, said: str) -> None:
    assert compare(limit, number) == said


@pytest.mark.parametrize(
    ("low", "high", "compared", "excess"),
    [(1, 10, 1, 0), (1, 10, 10, 0), (1, 10, 11, 1), (1, 10, 0, 1), (None, 10, -99, 0)],
)
def test_both_bounds_are_included(
    low: float | None, high: float | None, compared: float, excess: float
) -> None:
    assert replace(LIMIT, low=low, high=high).excess(compared) == excess


def test_the_last_limit_of_a_kind_that_fits_decides() -> None:
    loose, strict = replace(LIMIT, high=100), replace(LIMIT, applies_to="*/b.csv", high=1)
    other = replace(NUMBER, subject="shop/orders/b.csv")
    checks = make_checks([loose, strict], [NUMBER, other], [])
    assert [(check.limit, len(check.outside)) for check in checks] == [(loose, 0), (strict, 1)]


def test_a_limit_without_bounds_takes_the_limit_away() -> None:
    exempt = replace(LIMIT, low=None, high=None)
    assert make_checks([LIMIT, exempt], [NUMBER], []) == []


def test_severities_do_not_hide_each_other() -> None:
    checks = make_checks([LIMIT, replace(LIMIT, severity="warn", high=2)], [NUMBER], [])
    assert [len(check.outside) for check in checks] == [0, 1]


def test_a_limit_that_must_apply_and_fits_nothing_is_a_check_without_numbers() -> None:
    unfit = replace(LIMIT, metric="rowz")
    checks = make_checks([LIMIT, unfit], [NUMBER], [("shop/orders", LIMIT), ("shop/orders", unfit)])
    assert [(check.limit.metric, len(check.judged)) for check in checks] == [
        ("rows", 1),
        ("rowz", 0),
    ]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("*,rows,fatal,value,1,,0,0,Why", "severity"),
        ("*,rows,warn,guess,1,,0,0,Why", "compare"),
        ("*,rows,warn,value,much,,0,0,Why", "low"),
        ("*,rows,warn,value,nan,,0,0,Why", "low"),
        ("*,rows,warn,value,3,2,0,0,Why", "low is above high"),
        ("*,rows,warn,beyond_range,,2,0,0,Why", "needs a min_history"),
        ("*,rows,warn,value,1,,0,0,", "reason"),
        (",rows,warn,value,1,,0,0,Why", "applies_to"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_its_line(
    tmp_path: Path, row: str, cause: str
) -> None:
    seed = tmp_path / "limits.csv"
    seed.write_text(f"{HEADER}*,rows,warn,value,1,2,0,0,Good\n{row}\n", encoding="utf-8")
    with pytest.raises(LimitError, match=rf"limits\.csv, line 3.*{cause}"):
        load_limits(seed)


def test_a_missing_seed_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="cannot be read"):
        load_limits(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("seed", "metrics"), [(DOOR_LIMITS, DOOR_METRICS), (PUBLISH_LIMITS, PUBLISH_METRICS)]
)
def test_the_shipped_limits_are_of_known_metrics_and_dated(
    seed: Path, metrics: frozenset[str]
) -> None:
    limits = load_limits(seed)
    assert {limit.metric for limit in limits} <= metrics
    assert all(re.search(r"20\d\d-\d\d-\d\d", limit.reason) for limit in limits)


def test_warnings_of_the_shipped_limits_come_before_errors() -> None:
    by_kind: dict[tuple[str, ...], dict[str, Limit]] = {}
    for limit in [*load_limits(DOOR_LIMITS), *load_limits(PUBLISH_LIMITS)]:
        kind = (limit.applies_to, limit.metric, limit.compare)
        by_kind.setdefault(kind, {})[limit.severity] = limit
    pairs = [found for found in by_kind.values() if len(found) == 2]
    assert len(pairs) >= 6
    for pair in pairs:
        warn, error = pair["warn"], pair["error"]
        assert _or(warn.low, -math.inf) >= _or(error.low, -math.inf)
        assert _or(warn.high, math.inf) <= _or(error.high, math.inf)


def _or(bound: float | None, instead: float) -> float:
    return instead if bound is None else bound
