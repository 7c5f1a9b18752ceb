"""The figures of one size as a section of docs/performance.md, and the section in its place.

Not here: any measuring. The wanted ratios are of wall time; processor time stands beside it,
since it says the same on a machine that had other work to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench import profile
from bench.measuring import (
    DAY,
    EMPTY,
    FITTED,
    FLOOR,
    FULL,
    OWN,
    PANDAS,
    POLARS,
    SCRIPT,
    Measurements,
)
from bench.processes import Cost

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"
SHOWN_NODES = 10
_WANTED = ("wanted at most", "", "measured", "by processor", "met")
_ORDER = (FLOOR, FULL, DAY, EMPTY, SCRIPT, OWN, POLARS, PANDAS, FITTED)


@dataclass(frozen=True)
class Wanted:
    """One thing that is wanted: at most `most` of what was measured, as a number.

    `by_processor` is of processor time what `measured` is of wall time.
    """

    what: str
    most: float
    measured: float
    by_processor: float | None = None

    @property
    def row(self) -> Sequence[str]:
        """A row of the table of what is wanted; wall time decides."""
        met = "yes" if self.measured <= self.most else "**no**"
        by_processor = "" if self.by_processor is None else f"{self.by_processor:.3g}"
        return self.what, f"{self.most:g}", f"{self.measured:.3g}", by_processor, met


def section(found: Measurements) -> str:
    """A heading with the number of lines, then the tables."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    parts = [
        _heading(found.lines),
        f"{found.customers:,} customers, a day of {found.new_lines:,} new lines. Measured on "
        f"{found.began:%Y-%m-%d} on a machine with {os.cpu_count()} cores and {memory:.0f} GB of "
        f"memory, whose load average was {found.load:.1f} at the start.",
        _costs(found),
        _table(_WANTED, (wish.row for wish in wanted(found))),
        _table(
            ("stored", "MB", "bytes a line"),
            (
                (name, f"{size / 1e6:,.1f}", f"{size / found.lines:,.0f}")
                for name, size in found.sizes.items()
            ),
        ),
        _table(
            ("question to the published marts", "wall ms", "processor ms"),
            (
                (name, *(f"{seconds * 1000:.0f}" for seconds in took))
                for name, took in found.answers.items()
            ),
        ),
        *(_nodes(name, nodes) for name, nodes in found.profiles.items()),
    ]
    return "\n\n".join(parts) + "\n"


def wanted(found: Measurements) -> list[Wanted]:
    """What the project wants of its speed, beside what was measured."""
    cost = {name: cost for name, cost in found.costs.items() if cost is not None}

    def times(what: str, most: float, one: str, other: str) -> Wanted:
        return Wanted(
            what,
            most,
            cost[one].wall_seconds / cost[other].wall_seconds,
            cost[one].processor_seconds / cost[other].processor_seconds,
        )

    slowest = max(found.answers.values())
    wishes = [
        times("full build, in floors", 15, FULL, FLOOR),
        times("increment, share of the full build", 0.05, DAY, FULL),
        Wanted("slowest question, ms", 100, *(seconds * 1000 for seconds in slowest)),
    ]
    if PANDAS in cost:
        memory = cost[OWN].peak_bytes / cost[PANDAS].peak_bytes
        wishes += [
            times("RFM at one date, share of pandas' time", 0.2, OWN, PANDAS),
            Wanted("and of its memory", 0.333, memory),
        ]
    return wishes


def placed(document: str, lines: int, text: str) -> str:
    """The document with the section of this size, new or instead of the one that was there.

    Sections stand between two marks, the smallest first. Raises `ValueError` without the marks.
    """
    before, begin, rest = document.partition(BEGIN)
    kept, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The document has no '{BEGIN}' followed by '{END}'.")
    sections = {
        int(found[1].replace(",", "")): found[0].strip()
        for found in re.finditer(r"^### ([\d,]+) order lines$.*?(?=^### |\Z)", kept, re.M | re.S)
    }
    sections[lines] = text.strip()
    written = "\n\n".join(sections[size] for size in sorted(sections))
    return f"{before}{begin}\n\n{written}\n\n{end}{after}"


def _heading(lines: int) -> str:
    return f"### {lines:,} order lines"


def _costs(found: Measurements) -> str:
    floor, full = (found.costs[name] for name in (FLOOR, FULL))

    def row(name: str) -> Sequence[str]:
        cost = found.costs[name]
        if cost is None:
            return name, "not run: its data would not fit into memory", "", "", "", ""
        return (
            name,
            f"{cost.wall_seconds:,.1f}",
            f"{cost.processor_seconds:,.1f}",
            f"{cost.peak_bytes / 1e6:,.0f}",
            _ratio(cost, floor),
            _ratio(cost, full),
        )

    header = ("", "wall s", "processor s", "peak MB", "× floor", "× full build")
    return _table(header, map(row, _ORDER))


def _ratio(cost: Cost, to: Cost | None) -> str:
    return f"{cost.wall_seconds / to.wall_seconds:.3g}" if to else ""


def _nodes(name: str, nodes: list[profile.Node]) -> str:
    kinds = ", ".join(
        f"{count} {kind.replace('_', ' ')}s {seconds:.0f} s"
        for kind, (count, seconds) in profile.seconds_by_kind(nodes).items()
    )
    rows = ((f"{n.kind} {n.name}", f"{n.seconds:.1f}") for n in nodes[:SHOWN_NODES])
    return f"Inside dbt, {name}, summed over its threads: {kinds}.\n\n" + _table(
        ("most expensive", "s"), rows
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
