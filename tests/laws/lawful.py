"""How a law is tried: a company delivered and built, its marts as comparable rows, planted defects.

Two sets of marts are equal as the laws mean it: whole rows of every table, doubles by nine digits.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delivered_companies import Delivery
from harness import Project, Warehouse
from kept_warehouse import KeptWarehouse
from landed import NO_PAIRS, Landed

SYSTEMS = ("standard",)
MARTS = (
    "fct_order_lines",
    "fct_orders",
    "dim_customers",
    "dim_products",
    "customer_days",
    "rfm_customer_months",
    "rfm_customers",
    "rfm_segment_migrations",
)
Marts = dict[str, Counter[tuple[Any, ...]]]


@dataclass(frozen=True)
class Projects:
    """The project compiled to be built whole, and to go on from what stands."""

    whole: Project
    kept: Project

    def warehouse(self) -> KeptWarehouse:
        """A warehouse before its first build."""
        return KeptWarehouse(self.whole, self.kept, {"customer_pairs": NO_PAIRS})


@dataclass(frozen=True)
class Defect:
    """A text of a model that is planted in the place of another; none: its pre-hooks are gone."""

    model: str
    text: str = ""
    instead: str = ""
    is_of_whole: bool = False

    def __str__(self) -> str:
        return f"{self.model}: {self.text or 'pre-hook'} -> {self.instead or 'nothing'}"

    def planted(self, projects: Projects) -> Projects:
        """Projects with the defect. Raises `AssertionError` where its text does not stand."""
        which = "whole" if self.is_of_whole else "kept"
        project: Project = getattr(projects, which)
        node = project.node(self.model)
        if self.text:
            assert node.sql.count(self.text) == 1, f"{self.text} in:\n{node.sql}"
            node = replace(node, sql=node.sql.replace(self.text, self.instead))
        else:
            assert node.pre_hooks
            node = replace(node, pre_hooks=())
        nodes = {**project.nodes, project.ids[self.model]: node}
        return replace(projects, **{which: Project(nodes)})


@contextmanager
def landing(project: Project, company: Iterable[Delivery] = ()):
    """A home folder to which a company has delivered."""
    with tempfile.TemporaryDirectory() as folder:
        landed = Landed(Path(folder), project, systems=SYSTEMS)
        deliver(landed, company)
        yield landed


def deliver(landed: Landed, company: Iterable[Delivery]) -> None:
    """Land files one after the other."""
    for delivery in company:
        landed.deliver(*delivery.rows, feed=delivery.feed)


def built_whole(projects: Projects, company: Iterable[Delivery], **clocks: Any) -> Marts:
    """The marts of one full build over all that a company delivers."""
    with landing(projects.whole, company) as landed:
        return marts_of(projects.warehouse().go_on(landed.settings, *MARTS, **clocks))


def built_in_steps(
    projects: Projects, company: list[Delivery], builds_after: Collection[int]
) -> Marts:
    """The marts after builds that go on from each other: after some files and after the last."""
    warehouse = projects.warehouse()
    with landing(projects.whole) as landed:
        for place, delivery in enumerate(company, start=1):
            deliver(landed, [delivery])
            if place in builds_after or place == len(company):
                warehouse.go_on(landed.settings, *MARTS)
    return marts_of(warehouse)


def marts_of(warehouse: Warehouse) -> Marts:
    """Every published row, and how often it stands there."""
    found = {}
    for mart in MARTS:
        rows = warehouse.con.execute(f"from {warehouse.project.node(mart).relation}").fetchall()
        found[mart] = Counter(tuple(map(_comparable, row)) for row in rows)
    return found


def differences(one: Marts, other: Marts) -> list[str]:
    """What two sets of marts do not share: none when they are equal."""
    return [
        f"{mart}: {dict(one[mart] - other[mart])} is not {dict(other[mart] - one[mart])}"
        for mart in one
        if one[mart] != other[mart]
    ]


def _comparable(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value + 0.0:.8e}"
    return tuple(value) if isinstance(value, list) else value
