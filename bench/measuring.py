"""One size of the benchmark from an empty folder to its figures, a process after the other.

What the figures look like in the document is `report.py`'s, what the peers do `peers/`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bench import profile
from bench.company import INCREMENT, NEXT_DAY
from bench.peers.totals import THREADS
from bench.processes import BenchError, Cost, measured

FLOOR = "floor: one query of the lake"
FULL, DAY, EMPTY = "full build", "increment of a day", "run without changes"
OWN = "RFM at one date from customer-days"
SCRIPT = "DuckDB script by hand"
POLARS = "Polars: RFM at one date"
PANDAS = "pandas, pymc-marketing: RFM at one date"
FITTED = "the same, and one BG/NBD fit"
IN_MEMORY = {PANDAS, FITTED}
MOST_IN_MEMORY = 20_000_000  # lines; ten million take 5 GB
_LAST_DAY = NEXT_DAY - dt.timedelta(days=1)
_ENVIRONMENT = {
    "CRM_SETTLE_SECONDS": "0",
    "CRM_REPORTING_CURRENCY": "GBP",
    "CRM_THREADS": str(THREADS),
    "POLARS_MAX_THREADS": str(THREADS),
    "OMP_NUM_THREADS": str(THREADS),
}


@dataclass(frozen=True)
class Measurements:
    """What was measured at one size: costs by what ran, bytes by what stores, seconds by question.

    A cost is none where it did not run. An answer took wall and processor time. `load` is the
    machine's load average at the start.
    """

    lines: int
    new_lines: int
    customers: int
    began: dt.datetime
    load: float
    costs: Mapping[str, Cost | None]
    sizes: Mapping[str, int]
    answers: Mapping[str, tuple[float, float]]
    profiles: Mapping[str, list[profile.Node]]


@dataclass(frozen=True)
class _Runner:
    """Runs the parts of one size and keeps what each cost."""

    lines: int
    home: Path
    peers: Path
    words: Console
    costs: dict[str, Cost | None] = field(default_factory=dict)

    def build(self, name: str) -> None:
        self._run(name, Path(sys.executable).with_name("crm"), "build")

    def ours(self, name: str, module: str, *arguments: str | Path) -> str:
        return self._run(name, sys.executable, "-m", f"bench.{module}", *arguments)

    def peer(self, name: str, module: str, *arguments: str | Path) -> str:
        return self._run(name, self.peers, "-m", f"bench.peers.{module}", *arguments)

    def _run(self, name: str, *command: str | Path) -> str:
        self.words.print(f"{self.lines:,} lines: {name} …")
        environment = {**_ENVIRONMENT, "CRM_HOME": str(self.home)}
        cost = measured([str(part) for part in command], environment)
        self.costs[name] = cost
        self.words.print(
            f"  {cost.wall_seconds:.1f} s, {cost.processor_seconds:.1f} s of processor time, "
            f"{cost.peak_bytes / 1e6:.0f} MB"
        )
        return cost.said


def measure(lines: int, folder: Path, peers: Path, words: Console) -> Measurements:
    """Generate a company, build it, ask it, ask the peers the same, bring a day more.

    `folder` holds the warehouse, which is removed when all went well; `peers` is the Python that
    has the peers' packages. Raises `BenchError` when a part fails, or when the RFM of a peer is not
    what was published.
    """
    home = folder / str(lines)
    shutil.rmtree(home, ignore_errors=True)
    began, load = dt.datetime.now(dt.UTC), os.getloadavg()[0]
    run = _Runner(lines, home, peers, words)
    landing, lake = (home / part / "standard" / "transactions" for part in ("landing", "raw"))
    marts = home / "published" / "marts.duckdb"
    results = home / "build" / "dbt" / "run_results.json"

    run.ours("writing the company", "company", str(lines), landing, home / "next")
    run.build(FULL)
    profiles = {FULL: profile.nodes(results)}
    sizes = _sizes(home)
    asked = json.loads(run.ours("questions", "questions", marts))
    answers = {name: (wall, processor) for name, (wall, processor) in asked.items()}

    run.ours(FLOOR, "peers.floor", lake)
    day = str(NEXT_DAY - dt.timedelta(days=1))
    totals = {
        "published": run.ours("published", "peers.published_rfm", marts, day),
        OWN: run.ours(OWN, "peers.own_rfm", home / "build" / "build.duckdb", day),
        SCRIPT: run.ours(SCRIPT, "peers.script", lake, day),
        POLARS: run.peer(POLARS, "polars_rfm", lake, day),
    }
    if lines <= MOST_IN_MEMORY:
        totals[PANDAS] = run.peer(PANDAS, "pandas_rfm", lake, day)
        totals[FITTED] = run.peer(FITTED, "pandas_rfm", lake, day, "fit")
    else:
        run.costs.update(dict.fromkeys(IN_MEMORY))
    must_be_equal(totals)

    for file in (home / "next").iterdir():
        file.rename(landing / file.name)
    run.build(DAY)
    profiles[DAY] = profile.nodes(results)
    day = str(NEXT_DAY)
    must_be_equal(
        {
            "published": run.ours("published, a day later", "peers.published_rfm", marts, day),
            POLARS: run.peer("Polars, a day later", "polars_rfm", lake, day),
        }
    )
    run.build(EMPTY)
    shutil.rmtree(home)
    return Measurements(
        lines=lines, new_lines=max(1, lines // INCREMENT), customers=lines // 20,
        began=began, load=load, costs=run.costs, sizes=sizes, answers=answers, profiles=profiles,
    )  # fmt: skip


def must_be_equal(totals: Mapping[str, str]) -> None:
    """Raise `BenchError` where one's totals are not those of the first."""
    first, *others = totals
    for other in others:
        if totals[other] != totals[first]:
            raise BenchError(
                f"'{other}' finds {totals[other]}, but '{first}' {totals[first]}.",
                fix="Times of different results are not comparable: find out who is wrong.",
            )


def _sizes(home: Path) -> dict[str, int]:
    """Bytes on disk, by what holds them."""
    parts = {
        "landing": home / "landing",
        "raw lake": home / "raw",
        "build databases": home / "build",
        "published DuckDB file": home / "published" / "marts.duckdb",
        "published Parquet": home / "published" / "parquet",
    }
    return {name: _bytes(path.resolve()) for name, path in parts.items()}


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
