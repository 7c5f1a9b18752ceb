"""The disk fills up while files are taken: nothing is taken, and the next run takes all."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from lake_by_hand import Lake

from crm.errors import CrmError

RUN = """
import pathlib, sys
sys.path[:0] = [sys.argv[1]]
import test_full_disk
test_full_disk.ingest_with_small_files(pathlib.Path(sys.argv[2]), int(sys.argv[3]))
"""


def ingest_with_small_files(home: Path, limit: int) -> None:
    """Runs in a process of its own: no file may grow past `limit` bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        Lake(home).ingest()
    except CrmError as error:
        print(type(error).__name__, error)


@pytest.mark.parametrize("name", ["by_the_engine.csv", "line_by_line.csv"])
def test_a_disk_that_fills_up_while_files_are_taken_commits_none_of_them(lake, tmp_path, name):
    random = Random(1)
    # A stray quote is beyond the engine's reading: our own takes the file line by line.
    note = {"by_the_engine.csv": "plain", "line_by_line.csv": 'a " inside'}[name]
    rows = "".join(f"{n},{random.random()},{note}\n" for n in range(20_000))
    lake.deliver("a_small.csv", "id,amount,note\n1,2.00,fits\n")
    lake.deliver(name, f"id,amount,note\n{rows}")
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(Path(__file__).parent), str(tmp_path), "50000"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(f"LakeError The lake at {lake.settings.raw} cannot be written"), (
        run.stdout + run.stderr
    )
    assert "Make room" in run.stdout
    assert not list(lake.settings.raw.glob("_deliveries/*"))
    assert [delivery.delivered for delivery in lake.ingest().deliveries] == [1, 20_000]
