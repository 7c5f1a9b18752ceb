"""Where the time of a build went: what dbt says of each model, seed and test.

Not here: what a build costs as a whole (`processes.py`), most of which may lie outside these.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """One node of a dbt run, and how long its thread was busy with it."""

    kind: str
    name: str
    seconds: float


def nodes(run_results: Path) -> list[Node]:
    """Every node of a build, the most expensive first."""
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    found = [
        Node(kind, name.split(".")[0], float(result["execution_time"]))
        for result in results
        for kind, _, name in [result["unique_id"].split(".", 2)]
    ]
    return sorted(found, key=lambda node: (-node.seconds, node.name))


def seconds_by_kind(profile: list[Node]) -> dict[str, tuple[int, float]]:
    """How many nodes of a kind there are, and their seconds."""
    kinds = sorted({node.kind for node in profile})
    of_kind = {kind: [node.seconds for node in profile if node.kind == kind] for kind in kinds}
    return {kind: (len(seconds), sum(seconds)) for kind, seconds in of_kind.items()}
