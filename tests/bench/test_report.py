"""The figures of a size become a section of the document, and every promise of the target holds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess

import pytest

from bench import measuring, profile, report
from bench.measuring import Measurements
from bench.processes import Cost
from crm.settings import PROJECT_ROOT

MARKS = f"# Performance\n\n{report.BEGIN}\n\n{report.END}\n\n## More\n"


def costing(seconds: float, megabytes: float = 100) -> Cost:
    return Cost(seconds, seconds * 1.5, int(megabytes * 1e6), "")


@pytest.fixture
def found() -> Measurements:
    return Measurements(
        lines=1_000_000,
        new_lines=1_000,
        customers=50_000,
        began=dt.datetime(2026, 11, 22, tzinfo=dt.UTC),
        load=1.25,
        costs={
            measuring.FLOOR: costing(2),
            measuring.FULL: costing(30),
            measuring.DAY: costing(3),
            measuring.EMPTY: costing(1),
            measuring.SCRIPT: costing(10),
            measuring.OWN: Cost(1, 1, 50_000_000, ""),
            measuring.POLARS: costing(4),
            measuring.PANDAS: costing(6, 200),
            measuring.FITTED: costing(9, 250),
        },
        sizes={"raw lake": 11_000_000},
        answers={"one customer's row": (0.02, 0.03), "net amount by month": (0.15, 0.08)},
        profiles={"full build": [profile.Node("model", f"m{n}", 9 - n / 2) for n in range(12)]},
    )


def rows(text: str) -> dict[str, list[str]]:
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in cells}


def test_a_section_has_every_cost_and_its_ratio_to_the_floor_and_to_the_full_build(found):
    text = report.section(found)
    assert text.startswith(
        "### 1,000,000 order lines\n\n50,000 customers, a day of 1,000 new lines."
    )
    assert "Measured on 2026-11-22" in text
    assert "load average was 1.2" in text
    table = rows(text)
    assert table["full build"] == ["30.0", "45.0", "100", "15", "1"]
    assert table["increment of a day"] == ["3.0", "4.5", "100", "1.5", "0.1"]
    assert table["raw lake"] == ["11.0", "11"]
    assert table["net amount by month"] == ["150", "80"]
    assert {"model m0", "model m9"} <= set(table)
    assert "model m10" not in table


def test_what_is_wanted_is_met_up_to_its_limit_and_not_beyond(found):
    table = rows(report.section(found))
    assert table["full build, in floors"] == ["15", "15", "15", "yes"]
    assert table["increment, share of the full build"] == ["0.05", "0.1", "0.1", "**no**"]
    assert table["slowest question, ms"] == ["100", "150", "80", "**no**"]
    assert table["RFM at one date, share of pandas' time"] == ["0.2", "0.167", "0.111", "yes"]
    assert table["and of its memory"] == ["0.333", "0.25", "", "yes"]


def test_what_did_not_run_says_so_and_is_compared_with_nothing(found):
    costs = {**found.costs, measuring.PANDAS: None, measuring.FITTED: None}
    text = report.section(dataclasses.replace(found, costs=costs))
    assert rows(text)[measuring.PANDAS][0].startswith("not run")
    assert "share of pandas" not in text


def test_a_section_replaces_that_of_its_size_and_the_smallest_comes_first():
    text = report.placed(MARKS, 10_000, "### 10,000 order lines\n\nten\n")
    text = report.placed(text, 2_000, "### 2,000 order lines\n\ntwo\n")
    assert report.placed(text, 2_000, "### 2,000 order lines\n\nsecond\n") == (
        f"# Performance\n\n{report.BEGIN}\n\n### 2,000 order lines\n\nsecond\n\n"
        f"### 10,000 order lines\n\nten\n\n{report.END}\n\n## More\n"
    )


def test_a_document_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="The document has no"):
        report.placed(f"# Performance\n{report.END}\n{report.BEGIN}\n", 1, "")


def test_the_document_of_the_project_takes_a_section():
    text = (PROJECT_ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "### 7 order lines" in report.placed(text, 7, "### 7 order lines\n")


def test_a_profile_has_the_most_expensive_node_first_and_sums_by_kind(tmp_path):
    times = {"model.crm.a": 1.5, "test.crm.t.1a2b": 2.0, "model.crm.b": 3.0}
    results = [{"unique_id": name, "execution_time": time} for name, time in times.items()]
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"results": results}))
    nodes = profile.nodes(file)
    assert [(node.kind, node.name) for node in nodes] == [
        ("model", "b"), ("test", "t"), ("model", "a"),
    ]  # fmt: skip
    assert profile.seconds_by_kind(nodes) == {"model": (2, 4.5), "test": (1, 2.0)}


def test_make_bench_measures_the_sizes_asked_for_and_not_the_height_of_the_terminal():
    def told(*arguments: str) -> str:
        return subprocess.run(
            ["make", "--dry-run", "bench", *arguments],
            cwd=PROJECT_ROOT, env={**os.environ, "LINES": "50"}, capture_output=True, text=True,
            check=True,
        ).stdout  # fmt: skip

    assert ".venv/bin/python -m bench 1000000 10000000\n" in told()
    assert ".venv/bin/python -m bench 100000000\n" in told("LINES=100000000")
