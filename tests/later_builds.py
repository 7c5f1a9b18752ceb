"""Builds that go on from the tables of the build before, on tables given anew for each.

What is made whole is made anew; a kept model's hooks and its SQL run on its table, and a Python
model finds its own. Builds over a lake are `kept_warehouse.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from harness import Project, Warehouse
from kept_warehouse import is_kept, kept_project


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
        if is_kept(self.project.nodes[key]) and key in self._made:
            node = kept_project().nodes[key]
            for hook in node.pre_hooks:
                self.con.execute(hook)
            self.con.execute(f"insert into {node.relation} {node.sql}")
            self._present.add(key)
        else:
            super()._create(key, query)
            self._made.add(key)
