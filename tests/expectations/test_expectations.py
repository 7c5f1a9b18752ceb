from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations.expectations.core import ExpectColumnValuesToBeBetween

from crm.checks import expectations
from crm.checks.expectations import CheckOutcome, ExpectationsError, judge, write_data_docs
from crm.checks.limits import Check, Limit, Measurement, make_checks
from crm.settings import PROJECT_ROOT, Settings

VALUE = Limit("*", "rows", "error", "value", 1, 10, 0, 0, "Because.")
RATIO = replace(VALUE, compare="ratio_to_median", low=0.5, high=2, min_history=2)
RANGE = replace(VALUE, compare="beyond_range", low=-1, high=1, min_history=2)
PAST = (4.0, 6.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def run(settings: Settings, limit: Limit, *values: float | None) -> CheckOutcome:
    numbers = [
        Measurement("shop/orders", f"{n}.csv", "rows", value, PAST, 5)
        for n, value in enumerate(values)
    ]
    checks = make_checks([limit], numbers, [("shop/orders", limit)])
    (outcome,) = judge(settings, "door", checks, lambda check: "Do something.")
    return outcome


@pytest.mark.parametrize(
    ("limit", "good", "bad", "said"),
    [
        (VALUE, 10, 11, "1.csv: rows is 11; allowed is 1 to 10. Because. Do something."),
        (RATIO, 10, 11, "1.csv: rows is 11, 2.2 times the median 5 of 2 before; allowed is 0.5"),
        (RANGE, 7, 8, "1.csv: rows is 8, +2 off the 4 to 6 of 2 before; allowed is -1 to 1."),
    ],
)
def test_each_way_to_compare_passes_fails_errs_and_is_not_evaluated(
    settings: Settings, limit: Limit, good: float, bad: float, said: str
) -> None:
    assert run(settings, limit, good).status == "passed"
    failed = run(settings, limit, good, bad)
    assert (failed.status, failed.blocks) == ("failed", True)
    assert failed.description.startswith(said)
    assert not run(settings, replace(limit, severity="warn"), bad).blocks
    assert run(settings, replace(limit, min_history=3), good).status == "not_evaluated"
    assert run(settings, limit, None).status == "not_evaluated"
    errored = run(settings, replace(limit, severity="warn"))
    assert (errored.status, errored.severity, errored.blocks) == ("errored", "error", True)
    assert "could not run" in errored.description


def test_what_was_not_evaluated_is_counted_beside_what_passed(settings: Settings) -> None:
    outcome = run(settings, VALUE, 3, None, 7)
    assert outcome.status == "passed"
    assert outcome.description.endswith("1 not evaluated: nothing to measure.")
    assert outcome.observed == {
        "judged": 2, "not_evaluated": 1, "outside": 0, "smallest": 3, "largest": 7
    }  # fmt: skip


def test_a_failure_names_the_farthest_five_and_counts_the_rest(settings: Settings) -> None:
    outcome = run(settings, VALUE, *range(11, 19), 5)
    assert outcome.observed["outside"] == 8
    assert outcome.description.startswith("7.csv: rows is 18;")
    assert "3.csv" in outcome.description
    assert "2.csv" not in outcome.description
    assert "And 3 more." in outcome.description


def test_infinite_numbers_are_outside(settings: Settings) -> None:
    assert run(settings, VALUE, float("inf")).status == "failed"


def test_an_expectation_that_raises_says_so_without_raising_and_is_errored(
    settings: Settings,
) -> None:
    said = expectations._validate(settings, "door", [Check("missing", "shop", VALUE)])
    status, message = said["missing"]
    assert status == "errored"
    assert 'The column "missing" in BatchData does not exist' in message


def test_great_expectations_passes_nothing_but_nulls_which_is_why_it_never_sees_them() -> None:
    result = _between(pd.DataFrame({"rows": pd.Series([None, None], dtype=float)}))
    assert result.success is True
    assert result.exception_info["raised_exception"] is False


def test_great_expectations_does_not_raise_for_a_missing_column() -> None:
    result = _between(pd.DataFrame({"other": [1.0]}))
    assert result.success is False
    infos = result.exception_info.values()
    assert {info["raised_exception"] for info in infos} == {True}


@pytest.mark.parametrize(
    ("success", "info", "status"),
    [
        (True, {"raised_exception": False, "exception_message": None}, "passed"),
        (False, {"raised_exception": False, "exception_message": None}, "failed"),
        (True, {"raised_exception": True, "exception_message": "No."}, "errored"),
        (False, {"m": {"raised_exception": True, "exception_message": "No."}}, "errored"),
        (None, {"raised_exception": False, "exception_message": None}, "failed"),
    ],
)
def test_raised_wins_over_success_in_either_shape(
    success: bool | None, info: dict[str, object], status: str
) -> None:
    assert expectations._status(success, info)[0] == status


def test_a_kept_validation_says_whether_and_never_what(settings: Settings) -> None:
    run(settings, VALUE, 5)
    run(settings, VALUE, 50)
    kept = [json.loads(f.read_bytes()) for f in (settings.build / "gx").rglob("*.json")]
    results = [result for validation in kept for result in validation["results"]]
    assert sorted(result["success"] for result in results) == [False, True]
    assert [result["result"] for result in results] == [{}, {}]


def test_pages_are_of_the_last_validations_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations, "KEPT_VALIDATIONS", 2)
    settings.published.mkdir(parents=True)
    for value in (1, 2, 3):
        run(settings, VALUE, value)
    validations = settings.build / "gx/validations"
    newest = sorted(file.parent.name for file in validations.rglob("*.json"))[1:]
    pages = write_data_docs(settings)
    assert sorted(file.parent.name for file in validations.rglob("*.json")) == newest
    assert sorted(page.parent.name for page in pages.glob("validations/**/*.html")) == newest
    assert pages == settings.published / "data_docs"
    assert (pages / "index.html").is_file()
    assert [path.name for path in settings.published.iterdir()] == ["data_docs"]


def test_pages_half_made_by_a_killed_run_are_in_nobodys_way(settings: Settings) -> None:
    for leftover in (".data_docs.new", ".data_docs.old"):
        (settings.published / leftover).mkdir(parents=True)
    run(settings, VALUE, 1)
    write_data_docs(settings)
    write_data_docs(settings)
    assert [path.name for path in settings.published.iterdir()] == ["data_docs"]


def test_pages_that_cannot_be_written_are_told_plainly(settings: Settings) -> None:
    run(settings, VALUE, 1)
    settings.published.write_text("in the way", encoding="utf-8")
    with pytest.raises(ExpectationsError, match="cannot be written"):
        write_data_docs(settings)


def test_judging_and_pages_never_reach_for_the_network(settings: Settings) -> None:
    script = """
import sys
from pathlib import Path
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("REACHED", event, arguments, flush=True)
sys.addaudithook(watch)
from crm.checks.expectations import judge, write_data_docs
from crm.checks.limits import Check, Limit, Measurement
from crm.settings import Settings
settings = Settings(home=Path(sys.argv[1]))
limit = Limit("*", "rows", "error", "value", 1, 10, 0, 0, "Because.")
number = Measurement("shop/orders", "a.csv", "rows", 5, (), 5)
checks = [Check("rows", "shop/orders", limit, ((number, 5.0),))]
print([o.status for o in judge(settings, "door", checks, lambda check: "")])
write_data_docs(settings)
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    print("the watch works")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(settings.home)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    before, _, after = done.stdout.partition("['passed']")
    assert "REACHED" not in before
    assert after.count("REACHED socket.connect") == 1
    assert after.rstrip().endswith("the watch works")
    assert "127.0.0.1" in after


def test_great_expectations_is_not_imported_until_something_is_judged() -> None:
    script = (
        "import sys, crm.checks.door, crm.checks.plausibility; "
        "print('great_expectations' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def _between(frame: pd.DataFrame) -> gx.core.ExpectationValidationResult:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("frames")
    batch = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")
    return batch.get_batch({"dataframe": frame}).validate(
        ExpectColumnValuesToBeBetween(column="rows", min_value=0, max_value=1)
    )
