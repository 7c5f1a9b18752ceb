"""What each node of dbt's graph rests on, so that a change rebuilds what rests on it, no more.

Two hashes per node. Its rules: the SQL, macros, seeds, contracts and declarations behind it and
behind everything it reads. Its inputs: the rules, and the deliveries that reach it. A kept model is
valid while its rules are as they were when it was built whole; the tables of the others are dropped
before dbt runs, and dbt builds a model whole when its table is not there. A node whose inputs are
as they were would come out as it is, and is left out.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from crm.settings import PROJECT_ROOT

Manifest = Mapping[str, Any]
Node = Mapping[str, Any]

# Python that decides what tables hold, beside the models themselves.
_BEHIND_ALL = ("crm/lake/raw_views.py", "requirements.lock")
_BEHIND_PYTHON_MODELS = ("crm/identity",)
# The macro by which a model reads a feed's contract without reading the model that carries it.
_READS_CONTRACT = "macro.crm.feed_contract"
# What each delivery adds to; the models of a feed see only their own.
_OF_DELIVERIES = ("deliveries", "unparseable_lines")
_ARRIVALS = ("source.crm.raw.deliveries", "model.crm.arrived_loads")


@dataclass(frozen=True)
class Change:
    """What to build: `dropped` kept models whole, and nothing that is `unchanged` (dbt's fqn)."""

    dropped: tuple[str, ...]
    unchanged: tuple[str, ...]


def rules(manifest: Manifest, rests_on: Iterable[str] = ()) -> dict[str, str]:
    """A hash per node (by dbt's unique id) over all that decides how its rows are made.

    `rests_on` are settings that decide rows and are not in the manifest.
    """
    common = _hash("", *rests_on, *map(_hash_of_files, _BEHIND_ALL))
    return _over_graph(manifest, lambda node, of: (common, _own(node, manifest), *of))


def invalidate(build: Path, before: Path, manifest: Manifest, *rests_on: str) -> Change:
    """Drop the kept tables whose rules have changed since they were built whole.

    `build` is the folder of the build databases, `before` the copy that models compare with: what
    is dropped is not compared either. `rests_on` as in `rules`.
    """
    now = rules(manifest, rests_on)
    with duckdb.connect(str(build / "build.duckdb")) as con:
        con.execute(f"attach '{build / 'marts.duckdb'}' as marts")
        con.execute(
            "create table if not exists raw.fingerprints "
            "(node varchar, rules varchar, inputs varchar)"
        )
        found = con.execute("select node, rules, inputs from raw.fingerprints").fetchall()
        then = {node: rule for node, rule, _ in found}
        then_inputs = {node: given for node, _, given in found}
        inputs = _inputs(con, manifest, now)
        changed = [node for node in _models(manifest) if then.get(_id(node)) != now[_id(node)]]
        kept = [node for node in changed if _is_kept(node)]
        con.execute("create or replace table raw.rebuilt_models (model varchar, cause varchar)")
        for node in kept:
            cause = "rules_changed" if _id(node) in then else "built_anew"
            con.execute(f"drop table if exists {node['relation_name']}")
            con.execute("insert into raw.rebuilt_models values ($1, $2)", [node["name"], cause])
        con.execute("delete from raw.fingerprints")
        con.execute(
            "insert into raw.fingerprints select unnest($1), unnest($2), unnest($3)",
            [list(now), list(now.values()), [inputs[key] for key in now]],
        )
    if before.exists():
        with duckdb.connect(str(before)) as con:
            for node in changed:
                if node["database"] == "build" and node["config"]["materialized"] != "view":
                    con.execute(f'drop table if exists "{node["schema"]}"."{node["name"]}"')
                    # Should this build fail and its change be undone, the table is still missing.
                    con.execute("delete from raw.fingerprints where node = $1", [_id(node)])
    return Change(
        dropped=tuple(sorted(node["name"] for node in kept)),
        # What readers get is always built: publishing waits for every one of them.
        unchanged=tuple(
            ".".join(node["fqn"])
            for key, node in _nodes(manifest).items()
            if node["resource_type"] != "source"
            and node.get("database") != "marts"
            and then_inputs.get(key) == inputs[key]
        ),
    )


def _inputs(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, now: Mapping[str, str]
) -> dict[str, str]:
    """A hash per node over its rules and all deliveries that reach it."""
    loads = con.execute(
        "select feed, system, source_table, load_id, status, precedence "
        "from raw.deliveries order by load_id"
    ).fetchall()
    asked = con.execute("from raw.run_settings").fetchall()

    def own(node: Node, of: tuple[str, ...]) -> tuple[object, ...]:
        key = _id(node)
        if node["resource_type"] == "source" and node["source_name"] != "raw":
            at = (node["source_name"], node["name"])
            return (now[key], [load for load in loads if load[1:3] == at])
        if node["resource_type"] == "source":
            known = dict.fromkeys(_OF_DELIVERIES, loads) | {"run_settings": asked}
            # The rest is what the last builds left: different each time.
            return (now[key], known.get(node["name"], uuid.uuid4().hex))
        if _is_of_feed(node):
            feed = node["name"].rpartition("_")[0]
            return (now[key], *of, [load for load in loads if load[0] == feed])
        return (now[key], *of)

    return _over_graph(manifest, own, unseen=lambda node: _ARRIVALS if _is_of_feed(node) else ())


def _is_of_feed(node: Node) -> bool:
    """Whether only its own feed's deliveries reach a model, though it reads the log of all."""
    return node["fqn"][1:3] in (["feeds", "typed"], ["feeds", "ranked"])


def _over_graph(
    manifest: Manifest,
    parts: Callable[[Node, tuple[str, ...]], tuple[object, ...]],
    unseen: Callable[[Node], tuple[str, ...]] = lambda node: (),
) -> dict[str, str]:
    """Per node the hash of its `parts`, which are given the hashes of all it reads but `unseen`."""
    nodes = _nodes(manifest)

    @functools.cache
    def of(key: str) -> str:
        node = nodes[key]
        read = sorted(set(node.get("depends_on", {}).get("nodes", ())) - set(unseen(node)))
        return _hash(*parts(node, tuple(of(parent) for parent in read)))

    return {key: of(key) for key in nodes}


def _own(node: Node, manifest: Manifest) -> str:
    kind = node["resource_type"]
    if kind == "source":
        return _hash(_shape(node), node["source_meta"])
    if kind == "seed":
        return _hash(_hash_of_files(node["original_file_path"]), node["config"])
    if kind == "unit_test":
        return _hash(node["given"], node["expect"], node["overrides"])
    macros = _macros(node, manifest)
    texts = [manifest["macros"][key]["macro_sql"] for key in macros]
    contracts = _contracts_of(node, manifest) if _READS_CONTRACT in macros else []
    python = _BEHIND_PYTHON_MODELS if node.get("language") == "python" else ()
    tested = [node["config"], node.get("test_metadata")] if kind == "test" else []
    return _hash(
        node["raw_code"], _shape(node), tested, *texts, *contracts, *map(_hash_of_files, python)
    )


def _shape(node: Node) -> list[Any]:
    """What a node declares and what decides rows: types and meta, not descriptions."""
    columns = node["columns"].values()
    return [
        node["config"].get("materialized"),
        node["config"].get("meta"),
        [(c["name"], c["data_type"], c["config"]["meta"]) for c in columns],
    ]


def _macros(node: Node, manifest: Manifest) -> list[str]:
    """The project's macros that a node names, and those that these use.

    By name: what dbt notes of a node itself grows with every run by what was called in it.
    """
    hooks = [node["config"].get(name) for name in ("pre-hook", "post-hook")]
    words = set(re.findall(r"\w+", f"{node['raw_code']} {hooks}"))
    found: set[str] = set()
    to_see = [key for key, macro in manifest["macros"].items() if macro["name"] in words]
    while to_see:
        key = to_see.pop()
        if key not in found and manifest["macros"][key]["package_name"] == "crm":
            found.add(key)
            to_see += manifest["macros"][key]["depends_on"]["macros"]
    return sorted(found)


def _contracts_of(node: Node, manifest: Manifest) -> list[Any]:
    """The contracts of the feeds that a node names; of all feeds where it names none."""
    feeds = _contracts(manifest)
    named = [feeds[name] for name in sorted(feeds) if f"'{name}'" in node["raw_code"]]
    return named or [feeds[name] for name in sorted(feeds)]


def _contracts(manifest: Manifest) -> dict[str, list[Any]]:
    return {
        node["name"]: _shape(node)
        for node in _models(manifest)
        if "natural_key" in (node["config"]["meta"] or {})
    }


def _nodes(manifest: Manifest) -> dict[str, Node]:
    return {**manifest["nodes"], **manifest["sources"], **manifest["unit_tests"]}


def _models(manifest: Manifest) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def _is_kept(node: Node) -> bool:
    """Whether a model goes on from its own table, as Python models do before they replace it."""
    return bool(node["config"]["materialized"] == "incremental" or node["language"] == "python")


def _id(node: Node) -> str:
    return str(node["unique_id"])


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def _hash_of_files(name: str) -> str:
    path = PROJECT_ROOT / name
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return _hash(
        *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file())
    )
