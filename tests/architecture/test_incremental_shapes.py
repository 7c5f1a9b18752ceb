"""Shapes of models that lose, double or flap rows without an error are not in the project.

What every model must be is `test_models.py`'s; here is only how it may be kept from run to run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

Manifest = dict[str, Any]


def shapes_that_lose_rows(manifest: Manifest) -> list[str]:
    """Snapshots, microbatches, and incremental models that take another type without a word."""
    breaches = []
    for node in manifest["nodes"].values():
        config = node.get("config", {})
        if node["resource_type"] == "snapshot":
            breaches.append(f"{node['name']} is a snapshot: two rows of a key make it flap")
        if config.get("materialized") != "incremental":
            continue
        if config.get("incremental_strategy") == "microbatch":
            breaches.append(f"{node['name']} is a microbatch: rows outside its window are lost")
        if config.get("on_schema_change") != "fail":
            breaches.append(f"{node['name']} does not fail when its columns change")
    return breaches


def test_models_built_piece_by_piece_cannot_lose_rows_unseen(manifest: Manifest) -> None:
    assert shapes_that_lose_rows(manifest) == []


def snapshot(node: dict[str, Any]) -> None:
    node["resource_type"] = "snapshot"


def microbatch(node: dict[str, Any]) -> None:
    node["config"] |= {
        "materialized": "incremental",
        "incremental_strategy": "microbatch",
        "on_schema_change": "fail",
    }


def lenient(node: dict[str, Any]) -> None:
    node["config"] |= {"materialized": "incremental", "on_schema_change": "append_new_columns"}


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (snapshot, "is a snapshot: two rows of a key make it flap"),
        (microbatch, "is a microbatch: rows outside its window are lost"),
        (lenient, "does not fail when its columns change"),
    ],
)
def test_a_planted_shape_is_found(
    manifest: Manifest, plant: Callable[[dict[str, Any]], None], told: str
) -> None:
    planted = copy.deepcopy(manifest)
    node = next(n for n in planted["nodes"].values() if n["resource_type"] == "model")
    plant(node)
    assert shapes_that_lose_rows(planted) == [f"{node['name']} {told}"]
