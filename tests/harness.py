"""The project's own compiled SQL, run on small tables in memory.

dbt compiles once per session; after that a test gives some tables and asks for others, in
milliseconds. Not a replacement of `dbt build`: contracts, comments and materializations are dbt's
and not exercised here.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from crm.contracts import load_tables, switched_off_systems
from crm.lake.raw_views import register
from crm.settings import PROJECT_ROOT, Settings
from orchestration.dbt import variables


@dataclass(frozen=True)
class Node:
    """A model, seed, source or data test as dbt compiled it."""

    name: str
    kind: str
    relation: str
    sql: str
    parents: tuple[str, ...]
    file: Path
    column_types: Mapping[str, str]
    description: str
    language: str = "sql"
    is_incremental: bool = False
    pre_hooks: tuple[str, ...] = ()  # as written, not compiled


class Project:
    """The compiled project: `nodes` by dbt's unique id, and `ids` by plain name.

    Sources are named `<source>.<table>`; where a test and a model share a name, the model has it.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        tests_first = sorted(nodes, key=lambda key: nodes[key].kind != "test")
        self.nodes = nodes
        self.ids = {nodes[key].name: key for key in tests_first}

    def node(self, name: str) -> Node:
        """The node of a plain name. Raises `KeyError` where there is none."""
        return self.nodes[self.ids[name]]

    def tests_of(self, name: str) -> list[str]:
        """Names of the data tests that rest on a model or seed."""
        wanted = self.ids[name]
        return sorted(
            node.name
            for node in self.nodes.values()
            if node.kind == "test" and wanted in node.parents
        )


@functools.cache
def compiled_project(systems: tuple[str, ...] | None = None) -> Project:
    """`dbt compile` over an empty raw lake, once per process and choice of systems (none: all)."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), systems=systems)
        settings.build.mkdir()
        with duckdb.connect(str(settings.build / "build.duckdb")) as con:
            register(con, settings, load_tables(settings))
        return compile_project(settings, PROJECT_ROOT)


def compile_project(settings: Settings, root: Path) -> Project:
    """`dbt compile` of the project in `root` over the build databases of `settings`.

    Raises `RuntimeError` with dbt's words where it does not compile.
    """
    home = settings.home
    command = [str(Path(sys.executable).with_name("dbt")), "compile", "--quiet"]
    command += ["--project-dir", str(root), "--profiles-dir", str(root)]
    command += ["--target-path", str(home / "dbt"), "--log-path", str(home / "log")]
    command += variables(settings)
    for system in switched_off_systems(settings):
        command += ["--exclude", f"path:models/staging/{system}"]
    done = subprocess.run(
        command,
        env={**os.environ, "WAREHOUSE_BUILD": str(settings.build)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"dbt compile failed:\n{done.stdout}{done.stderr}")
    manifest = json.loads((home / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        key: _node(content)
        for key, content in {**manifest["nodes"], **manifest["sources"]}.items()
        if content["resource_type"] in ("model", "seed", "source", "test")
    }
    return Project(nodes)


def _node(content: Mapping[str, Any]) -> Node:
    kind = content["resource_type"]
    prefix = f"{content['source_name']}." if kind == "source" else ""
    return Node(
        name=prefix + content["name"],
        kind=kind,
        relation=content.get("relation_name") or "",
        sql=content.get("compiled_code") or "",
        parents=tuple(content.get("depends_on", {}).get("nodes", ())),
        file=PROJECT_ROOT / content["original_file_path"],
        column_types=content["config"].get("column_types") or {},
        description=content.get("description", ""),
        language=content.get("language") or "sql",
        is_incremental=content["config"].get("materialized") == "incremental",
        pre_hooks=tuple(hook["sql"] for hook in content["config"].get("pre-hook") or ()),
    )


_EMPTY: dict[str, str] = {}  # by relation, how an empty table of its columns is made


class Warehouse:
    """An in-memory DuckDB with the catalogs `build` and `marts`, filled on demand.

    `given` holds tables that stand in for a model, seed or source: a PyArrow table (typed), a
    pandas frame, or the text of a query. What is not given is run from its compiled SQL, its
    parents first.
    """

    def __init__(
        self, project: Project, given: Mapping[str, pa.Table | pd.DataFrame | str] | None = None
    ) -> None:
        self.project = project
        self.con = duckdb.connect()
        self.con.execute("attach ':memory:' as build; attach ':memory:' as marts")
        self.con.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        self._present: set[str] = set()
        self._delivered: set[str] | None = None
        self._give(given or {})

    def build(self, *names: str) -> Warehouse:
        """Run the named models and whatever they rest on that is not there yet."""
        for name in names:
            self._ensure(self.project.ids[name])
        return self

    def table(self, name: str, order_by: str = "all") -> pd.DataFrame:
        """A model's rows, built if need be, in a fixed order."""
        self.build(name)
        relation = self.project.node(name).relation
        return self.con.execute(f"select * from {relation} order by {order_by}").df()

    def query(self, sql: str) -> pd.DataFrame:
        """The rows of any query; schemas of the marts need no catalog."""
        self.con.execute("use marts.main")
        return self.con.execute(sql).df()

    def failures(self, test: str) -> int:
        """How many rows a data test finds at fault, its parents built first."""
        node = self.project.node(test)
        for parent in node.parents:
            self._ensure(parent)
        return len(self.con.execute(node.sql).fetchall())

    def register_raw(self, settings: Settings, **clocks: Any) -> None:
        """Put the raw lake of `settings` under the staging models; `clocks` as in `register`."""
        tables = load_tables(settings)
        self.con.execute("use build.main")
        register(self.con, settings, tables, **clocks)
        delivered = self.con.execute("select distinct feed from build.raw.deliveries").fetchall()
        self._delivered = {feed for (feed,) in delivered}
        for key, node in self.project.nodes.items():
            if node.kind == "source":
                self._present.add(key)

    def _give(self, given: Mapping[str, pa.Table | pd.DataFrame | str]) -> None:
        for name, rows in given.items():
            if not isinstance(rows, str):
                self.con.register("given_rows", rows)
            self._create(
                self.project.ids[name],
                rows if isinstance(rows, str) else "select * from given_rows",
            )

    def _ensure(self, key: str) -> None:
        node = self.project.nodes.get(key)
        if node is None or key in self._present:
            return
        if node.kind == "source":
            raise KeyError(f"{node.name} is a source: give it, or register a raw lake.")
        feed, is_typed, _ = node.name.rpartition("_typed")
        if self._delivered is not None and is_typed and feed not in self._delivered:
            self._create_empty(key)
            return
        for parent in self._read_by(node):
            self._ensure(parent)
        self._make(key, node)

    def _read_by(self, node: Node) -> list[str]:
        """The parents that a whole build reads, without what only a later build asks for."""
        return [
            parent
            for parent in node.parents
            if parent not in self.project.nodes
            or node.language == "python"
            or self.project.nodes[parent].relation in node.sql
        ]

    def _make(self, key: str, node: Node) -> None:
        if node.language == "python":
            self.con.register("python_rows", self._rows_of_python_model(node))
            self._create(key, "select * from python_rows")
        else:
            self._create(key, _seed_query(node) if node.kind == "seed" else node.sql)

    def _create_empty(self, key: str) -> None:
        """A feed that nobody delivers: planning its long query for no rows takes half of a test."""
        node = self.project.nodes[key]
        if node.relation not in _EMPTY:
            for parent in node.parents:
                self._ensure(parent)
            columns = self.con.execute(f"describe {node.sql}").fetchall()
            nulls = (f'null::{kind} as "{name}"' for name, kind, *_ in columns)
            _EMPTY[node.relation] = f"select {', '.join(nulls)} where false"
        self._create(key, _EMPTY[node.relation])

    def _rows_of_python_model(self, node: Node) -> pa.Table | pd.DataFrame:
        """What dbt runs for a Python model: its file with dbt's own object below it."""
        module: dict[str, Any] = {}
        exec(compile(node.sql, node.file, "exec"), module)  # noqa: S102
        dbt = module["dbtObj"](lambda name: self.con.query(f"select * from {name}"))
        return module["model"](dbt, self.con)

    def _create(self, key: str, query: str) -> None:
        relation = self.project.nodes[key].relation
        self.con.execute(f"create schema if not exists {relation.rpartition('.')[0]}")
        self.con.execute(f"create or replace table {relation} as {query}")
        self._present.add(key)


def _seed_query(node: Node) -> str:
    scan = f"read_csv('{node.file}', header = true, all_varchar = true, nullstr = '')"
    casts = ", ".join(
        f"cast({name} as {kind}) as {name}" for name, kind in node.column_types.items()
    )
    return f"select * replace ({casts}) from {scan}" if casts else f"select * from {scan}"
