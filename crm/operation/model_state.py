"""What each kept model rests on, so that a changed rule rebuilds what rests on it and nothing else.

A model that is kept from build to build is valid as long as its own SQL, the macros, seeds,
contracts and declarations behind it, and those of everything it reads, are as they were when it
was built whole. Before dbt runs, the tables of the others are dropped: dbt builds a model whole
when its table is not there.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from crm.settings import PROJECT_ROOT

Manifest = Mapping[str, Any]

# Python that decides what tables hold, beside the models themselves.
_BEHIND_ALL = ("crm/lake/raw_views.py", "requirements.lock")
_BEHIND_PYTHON_MODELS = ("crm/identity",)
# The macro by which a model reads a feed's contract without reading the model that carries it.
_READS_CONTRACT = "macro.crm.feed_contract"


def fingerprints(manifest: Manifest, rests_on: Iterable[str] = ()) -> dict[str, str]:
    """A hash per model (by dbt's unique id) over all that decides how its rows are made.

    `rests_on` are settings that decide rows and are not in the manifest.
    """
    nodes = {**manifest["nodes"], **manifest["sources"]}
    common = _hash("", *rests_on, *map(_hash_of_files, _BEHIND_ALL))

    @functools.cache
    def of(key: str) -> str:
        node = nodes[key]
        parents = sorted(set(node.get("depends_on", {}).get("nodes", ())))
        return _hash(common, _own(node, manifest), *(of(parent) for parent in parents))

    return {key: of(key) for key, node in nodes.items() if node["resource_type"] == "model"}


def invalidate(build: Path, before: Path, manifest: Manifest, *rests_on: str) -> list[str]:
    """Drop the kept tables whose rules have changed since they were built whole; their names.

    `build` is the folder of the build databases, `before` the copy that models compare with: what
    is dropped is not compared either. `rests_on` as in `fingerprints`.
    """
    now = fingerprints(manifest, rests_on)
    with duckdb.connect(str(build / "build.duckdb")) as con:
        con.execute(f"attach '{build / 'marts.duckdb'}' as marts")
        con.execute("create schema if not exists raw")
        con.execute(
            "create table if not exists raw.model_fingerprints (model varchar, fingerprint varchar)"
        )
        then = dict(con.execute("select * from raw.model_fingerprints").fetchall())
        changed = [manifest["nodes"][key] for key in now if then.get(key) != now[key]]
        kept = [node for node in changed if node["config"]["materialized"] == "incremental"]
        for node in kept:
            con.execute(f"drop table if exists {node['relation_name']}")
        con.execute("create or replace table raw.rebuilt_models (model varchar, cause varchar)")
        for node in kept:
            cause = "rules_changed" if node["unique_id"] in then else "built_anew"
            con.execute("insert into raw.rebuilt_models values ($1, $2)", [node["name"], cause])
        con.execute("delete from raw.model_fingerprints")
        con.execute(
            "insert into raw.model_fingerprints select unnest($1), unnest($2)",
            [list(now), list(now.values())],
        )
    if before.exists():
        # What cannot be attached under this name is not there to be compared with.
        with duckdb.connect(str(before)) as con:
            for node in changed:
                if node["database"] == "build" and node["config"]["materialized"] != "view":
                    con.execute(f'drop table if exists "{node["schema"]}"."{node["name"]}"')
    return sorted(node["name"] for node in kept)


def _own(node: Mapping[str, Any], manifest: Manifest) -> str:
    if node["resource_type"] == "source":
        return _hash(_shape(node), node["source_meta"])
    if node["resource_type"] == "seed":
        return _hash_of_files(node["original_file_path"])
    macros = _macros(node, manifest)
    texts = [manifest["macros"][key]["macro_sql"] for key in macros]
    contracts = _contracts(node, manifest) if _READS_CONTRACT in macros else []
    python = _BEHIND_PYTHON_MODELS if node.get("language") == "python" else ()
    return _hash(node["raw_code"], _shape(node), *texts, *contracts, *map(_hash_of_files, python))


def _shape(node: Mapping[str, Any]) -> list[Any]:
    """What a node declares and what decides rows: types and meta, not descriptions."""
    columns = node["columns"].values()
    return [
        node["config"].get("materialized"),
        node["config"].get("meta"),
        [(c["name"], c["data_type"], c["config"]["meta"]) for c in columns],
    ]


def _macros(node: Mapping[str, Any], manifest: Manifest) -> list[str]:
    """The project's macros that a node uses, directly or through others."""
    found: set[str] = set()
    to_see = list(node["depends_on"]["macros"])
    while to_see:
        key = to_see.pop()
        if key not in found and manifest["macros"][key]["package_name"] == "crm":
            found.add(key)
            to_see += manifest["macros"][key]["depends_on"]["macros"]
    return sorted(found)


def _contracts(node: Mapping[str, Any], manifest: Manifest) -> list[Any]:
    """The contracts of the feeds that a node names; of all feeds where it names none."""
    feeds = {
        other["name"]: _shape(other)
        for other in manifest["nodes"].values()
        if other["resource_type"] == "model" and "natural_key" in (other["config"]["meta"] or {})
    }
    named = [feeds[name] for name in sorted(feeds) if f"'{name}'" in node["raw_code"]]
    return named or [feeds[name] for name in sorted(feeds)]


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def _hash_of_files(name: str) -> str:
    path = PROJECT_ROOT / name
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return _hash(*(hashlib.sha256(file.read_bytes()).hexdigest() for file in files))
