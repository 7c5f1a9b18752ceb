"""What a process cost is that of it and its children."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.processes import BenchError, measured
from crm.settings import PROJECT_ROOT


def test_the_cost_is_of_the_process_and_its_children_and_the_last_line_is_kept():
    work = "held = bytearray(300_000_000); sum(range(8_000_000)); print('inner')"
    outer = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])\nprint('end')"
    )
    # measured from a small process, as the benchmark is: this one may be larger than what it starts
    small = (
        "import dataclasses, json, sys\nfrom bench.processes import measured\n"
        "costs = [measured([sys.executable, '-c', code]) for code in sys.argv[1:]]\n"
        "print(json.dumps([dataclasses.asdict(cost) for cost in costs]))"
    )
    idle, busy = json.loads(
        subprocess.run(
            [sys.executable, "-c", small, "print('end')", outer],
            cwd=PROJECT_ROOT, capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    assert (idle["said"], busy["said"]) == ("end", "end")
    assert busy["peak_bytes"] > 300_000_000 > idle["peak_bytes"]
    assert busy["processor_seconds"] > 2 * idle["processor_seconds"]


def test_a_process_is_given_variables_beside_its_own():
    command = [sys.executable, "-c", "import os; print(os.environ['PATH'] and os.environ['ADDED'])"]
    assert measured(command, {"ADDED": "yes"}).said == "yes"


def test_a_process_that_fails_is_an_error_with_its_own_words():
    with pytest.raises(BenchError, match=r"ended with 3: .*why") as raised:
        measured([sys.executable, "-c", "import sys; print('why'); sys.exit(3)"])
    assert raised.value.fix
