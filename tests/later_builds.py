"""Builds that go on from the tables of the build before, on small tables in memory.

What is made whole is made anew; an incremental model's hooks and its SQL run on its table, and a
Python model finds its own.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jinja2
import pyarrow as pa
from harness import Node, Project, Warehouse, compiled_project

from crm.settings import PROJECT_ROOT

MACROS = ("by_difference.sql",)  # that the hooks are written with


class LaterBuilds(Warehouse):
    """A warehouse that is built again and again."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._made: set[str] = set()

    def build_on(self, given: Mapping[str, pa.Table | str], *names: str) -> LaterBuilds:
        """One build more: other `given` tables, and the named models with what they rest on."""
        nodes = self.project.nodes
        self._present = {key for key in self._present if nodes[key].kind == "seed"}
        self._give(given)
        self.build(*names)
        return self

    def _create(self, key: str, query: str) -> None:
        node = self.project.nodes[key]
        if node.is_incremental and key in self._made:
            for statement in _hooks(self.project, node):
                self.con.execute(statement)
            query = later_project(self.project).nodes[key].sql
            self.con.execute(f"insert into {node.relation} {query}")
            self._present.add(key)
        else:
            super()._create(key, query)
            self._made.add(key)


@functools.cache
def later_project(project: Project) -> Project:
    """The project as dbt compiles it where the tables of all incremental models are there."""
    kept = [node.relation for node in project.nodes.values() if node.is_incremental]
    return compiled_project(relations=tuple(sorted(kept)))


def _hooks(project: Project, node: Node) -> list[str]:
    """The statements that run before a model's table is added to."""
    environment = jinja2.Environment()  # noqa: S701 - SQL, not HTML
    known: dict[str, Any] = {
        "this": node.relation,
        "ref": lambda name: project.node(name).relation,
        "load_cached_relation": lambda relation: relation,
    }
    for file in MACROS:
        text = (PROJECT_ROOT / "macros" / file).read_text(encoding="utf-8")
        known |= vars(environment.from_string(text, known).module)
    return [environment.from_string(hook, known).render() for hook in node.pre_hooks]
