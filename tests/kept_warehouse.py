"""A warehouse that goes on from build to build, as the pipeline's own does, in memory.

The project is compiled a second time as dbt sees it when every kept table stands and the last good
build is attached as `before`; each model's pre-hook is compiled with it. What decides in the
pipeline whether a build may go on (crashes, fingerprints, clocks) is not here: `crm/operation/` is.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from harness import Node, Project, Warehouse, compile_project, compiled_project
from project_copy import copied_project

from crm.contracts import load_tables
from crm.lake.raw_views import are_deliveries_lost, register
from crm.settings import PROJECT_ROOT, Settings

_HOOK = "-- the pre-hook of the model above --"


@functools.cache
def kept_project(systems: tuple[str, ...] | None = None) -> Project:
    """The project compiled where everything stands; `pre_hooks` hold the pre-hooks' own SQL."""
    whole = compiled_project(systems)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home, systems=systems)
        _write_what_stands(whole, settings)
        root = copied_project(home / "project").root
        for node in filter(is_kept, whole.nodes.values()):
            file = root / node.file.relative_to(PROJECT_ROOT)
            parts = (file.read_text(encoding="utf-8"), *node.pre_hooks)
            file.write_text(f"\n{_HOOK}\n".join(parts), encoding="utf-8")
        compiled = compile_project(settings, root)
    return Project({key: _with_hooks(node) for key, node in compiled.nodes.items()})


def is_kept(node: Node) -> bool:
    """Whether a model is kept from build to build; Python's are made whole each time here."""
    return node.is_incremental and node.language == "sql"


class KeptWarehouse(Warehouse):
    """A warehouse whose kept models are brought up to date: rows deleted, and made anew.

    `whole` and `kept` are the two compiled variants of the project; `given` as in `Warehouse`.
    """

    def __init__(self, whole: Project, kept: Project, given: Mapping[str, Any]) -> None:
        super().__init__(whole, given)
        self._variants = (whole, kept)
        self.con.execute("set threads = 1")  # small companies: more only get in each other's way
        self._given = frozenset(self._present)
        self._standing: set[str] = set()

    def go_on(self, settings: Settings, *names: str, **clocks: Any) -> KeptWarehouse:
        """One more build of the named models, over the lake as it is now."""
        self._standing = self._present - self._given
        if self._standing:
            self._keep_before()
            self._start(settings, **clocks, before="before")
            if are_deliveries_lost(self.con, "before"):
                self._standing = set()
        if not self._standing:
            self._start(settings, **clocks)
        self.build(*names)
        return self

    def _start(self, settings: Settings, **clocks: Any) -> None:
        self.project = self._variants[bool(self._standing)]
        seeds = {key for key in self._standing if self.project.nodes[key].kind == "seed"}
        self._present = seeds | self._given
        self.register_raw(settings, **clocks)
        if self._standing:
            arrived = self.con.execute(
                "select distinct feed from build.raw.deliveries where is_new"
            )
            self._delivered = {feed for (feed,) in arrived.fetchall()}

    def _keep_before(self) -> None:
        self.con.execute("use memory.main")
        self.con.execute("detach database if exists before")
        self.con.execute("attach ':memory:' as before")
        tables = self.con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'build'"
        )
        for schema, table in tables.fetchall():
            self.con.execute(f"create schema if not exists before.{schema}")
            self.con.execute(
                f'create table before.{schema}."{table}" as from build.{schema}."{table}"'
            )

    def _create_empty(self, key: str) -> None:
        if key in self._standing:
            self._present.add(key)  # nothing of the feed is new: no row comes
        else:
            super()._create_empty(key)

    def _make(self, key: str, node: Node) -> None:
        if not (key in self._standing and is_kept(node)):
            super()._make(key, self._variants[0].nodes[key] if node.language == "python" else node)
            return
        for hook in node.pre_hooks:
            self.con.execute(hook)
        self.con.execute(f"insert into {node.relation} by name from ({node.sql}\n)")
        self._present.add(key)


def _write_what_stands(whole: Project, settings: Settings) -> None:
    """Build databases with every kept model and what it rests on, without rows."""
    settings.build.mkdir()
    none_delivered = Warehouse(whole)
    none_delivered.register_raw(settings)
    kept = [node.name for node in whole.nodes.values() if is_kept(node)]
    none_delivered.build(*kept)
    con = none_delivered.con
    tables = con.execute("select database_name, schema_name, table_name from duckdb_tables()")
    for catalog, schema, table in tables.fetchall():
        for file in (catalog, "before") if catalog == "build" else (catalog,):
            con.execute(f"attach if not exists '{settings.build / file}.duckdb' as {file}_file")
            con.execute(f"create schema if not exists {file}_file.{schema}")
            con.execute(
                f'create table {file}_file.{schema}."{table}" as from {catalog}.{schema}."{table}"'
            )
    con.close()
    with duckdb.connect(str(settings.build / "build.duckdb")) as file:
        register(file, settings, load_tables(settings))


def _with_hooks(node: Node) -> Node:
    sql, *hooks = node.sql.split(_HOOK)
    return replace(node, sql=sql, pre_hooks=tuple(hook for hook in hooks if hook.strip()))
