"""The house rules of the models, each a function from dbt's manifest to what breaks it.

A rule returns one sentence per breach, none when all is well, so that a test can also show it
failing on a manifest with a planted breach. Rules about files as text are in `tree_rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]
Manifest = Mapping[str, Any]

# What the models of a folder may read: folders, `seeds`, or sources by name; `own` is the system's
# own source for staging and the mart's own folder for marts. Nobody reads `private`.
MAY_READ: Mapping[str, frozenset[str]] = {
    "staging": frozenset({"own"}),
    "feeds": frozenset({"staging", "feeds", "seeds", "raw", "changes"}),
    # What changed is found by comparing tables of any layer with what they were.
    "changes": frozenset({"raw", "feeds", "identity", "core", "customer_base", "marts", "changes"}),
    "identity": frozenset({"feeds", "identity", "seeds", "raw"}),
    "core": frozenset({"feeds", "identity", "seeds", "core", "changes"}),
    "customer_base": frozenset({"core", "seeds", "customer_base", "changes"}),
    "marts": frozenset({"core", "seeds", "customer_base", "own", "changes"}),
    "quality": frozenset({"raw", "feeds", "identity", "core", "seeds", "quality", "changes"}),
    "private": frozenset({"raw", "feeds", "identity"}),
}
READS_MORE = {
    ("clock", "raw"): "the one place where the clocks that a run was asked for enter",
    ("customer_record_versions", "core"): "the clock: what a record said after the as-of date",
    ("restatements", "marts"): "the months that it compares with what readers have seen",
    ("dim_customers", "customer_base"): "what a purchase occasion is, which decides the status",
}

NAMES = {
    "staging": r"stg_{own}__[a-z]+(_[a-z]+)*",
    "feeds": r"[a-z]+(_[a-z]+)*_judged|{feeds}",
    "feeds/typed": r"({feeds})_typed",
    "feeds/ranked": r"({feeds})_ranked",
    # What relates dimensions to each other is neither dimension nor fact: whose it is comes first.
    "core": r"(dim|fct|customer|account|organisation)_[a-z]+(_[a-z]+)*|clock",
    "marts": r"{own}s?(_[a-z]+)+",
}
NAMED_OTHERWISE = {"cohort_retention": "what analysts call it"}
STEP = r"int_[a-z]+(_[a-z]+)*__[a-z]+(_[a-z]+)*"
PLAIN = r"[a-z]+(_[a-z]+)*"

NOT_UNIQUE = {
    "quarantined_rows": "a file refused as a whole has no line, and may have several reasons",
    "quarantined_rows_verbatim": "the same rows as they were delivered",
}

# A Chinese term may stand first: 客户. One row per …
ONE_ROW_PER = re.compile(r"(\S*[\u4e00-\u9fff]\S*[.。] ?)?One row per ")
MONEY = re.compile(r"(^|_)(amount|price|cost)(_reporting)?$")
INEXACT = re.compile(r"double|float|real", re.IGNORECASE)
# Type names that both engines know.
SEED_TYPE = re.compile(
    r"string|int|integer|bigint|double|date|boolean|timestamp|decimal\(\d+,\d+\)"
)


def models(manifest: Manifest) -> Iterator[Node]:
    """Every model."""
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "model")


def seeds(manifest: Manifest) -> Iterator[Node]:
    """Every seed."""
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "seed")


def published(manifest: Manifest) -> Iterator[Node]:
    """Every model that readers get."""
    return (node for node in models(manifest) if node["database"] == "marts")


def documented(manifest: Manifest) -> Iterator[Node]:
    """Every model whose columns are a contract: what readers get, and the private schema."""
    return (
        node for node in models(manifest) if node["database"] == "marts" or _is(node, "private")
    )


def feeds(manifest: Manifest) -> list[str]:
    """The names of the feeds: the models that carry an input contract."""
    return sorted(n["name"] for n in models(manifest) if "natural_key" in n["config"]["meta"])


def reads_only_what_it_may(manifest: Manifest) -> list[str]:
    """Data flows one way, from staging to marts; steps are read only within their own folder."""
    every = {**manifest["nodes"], **manifest["sources"]}
    breaches = []
    for node in models(manifest):
        layer, own = _layer(node), _own(node)
        for parent in (every[key] for key in node["depends_on"]["nodes"]):
            kind, others = kind_of(parent), _own(parent)
            allowed = MAY_READ[layer]
            is_own = "own" in allowed and others == own and own is not None
            is_excused = (node["name"], kind) in READS_MORE
            if not (kind in allowed or is_own or is_excused):
                breaches.append(f"{node['name']} ({layer}) reads {parent['name']} ({kind})")
            elif parent["name"].startswith("int_") and _top(node) not in (_top(parent), "changes"):
                breaches.append(f"{node['name']} reads {parent['name']}, a step of {_top(parent)}")
    return breaches


def is_named_by_its_folder(manifest: Manifest) -> list[str]:
    """stg_<system>__<feed>, int_<things>__<participle>, dim_ and fct_, <mart>_<grain>."""
    breaches = []
    for node in models(manifest):
        folders = node["fqn"][1:-1]
        pattern = NAMES.get("/".join(folders), NAMES.get(folders[0], PLAIN))
        if folders[-1] == "intermediate":
            pattern = STEP
        own = (_own(node) or "").removesuffix("s")
        pattern = pattern.format(
            own=_own(node) if folders[0] == "staging" else own, feeds="|".join(feeds(manifest))
        )
        if not re.fullmatch(pattern, node["name"]) and node["name"] not in NAMED_OTHERWISE:
            breaches.append(f"{'/'.join(folders)}/{node['name']} is not named {pattern}")
    return breaches


def is_contracted(manifest: Manifest) -> list[str]:
    """What readers get has an enforced contract."""
    return [
        f"{node['name']} has no enforced contract"
        for node in documented(manifest)
        if not node["config"]["contract"]["enforced"]
    ]


def says_one_row_per(manifest: Manifest) -> list[str]:
    """A description begins with the grain."""
    must = {node["unique_id"]: node for node in (*documented(manifest), *seeds(manifest))}
    said = {n["unique_id"]: n for n in models(manifest) if n["description"]}
    return [
        f"{node['name']}: its description does not begin with 'One row per '"
        for node in {**must, **said}.values()
        if not ONE_ROW_PER.match(node["description"])
    ]


def describes_every_column(manifest: Manifest) -> list[str]:
    """A column without words or type is no contract."""
    return [
        f"{node['name']}.{column['name']} has no {what}"
        for node in documented(manifest)
        for column in node["columns"].values()
        for what in ("description", "data_type")
        if not (column[what] or "").strip()
    ]


def grain_is_tested(manifest: Manifest) -> list[str]:
    """meta.grain names columns of the model; a test holds that they are unique and never null."""
    breaches = []
    for node in documented(manifest):
        grain = node["config"]["meta"].get("grain")
        if not grain:
            breaches.append(f"{node['name']} has no meta.grain")
            continue
        breaches += [
            f"{node['name']}: its grain names {column}, which it has not"
            for column in grain
            if column not in node["columns"]
        ]
        if node["name"] not in NOT_UNIQUE and not _is_held_unique(manifest, node, grain):
            breaches.append(f"{node['name']}: no test holds that {', '.join(grain)} is unique")
    return breaches


def money_is_exact(manifest: Manifest) -> list[str]:
    """Amounts, prices and costs are decimals."""
    return [
        f"{node['name']}.{column} is {kind}"
        for node in (*models(manifest), *seeds(manifest))
        for column, kind in _types(node).items()
        if MONEY.search(column) and INEXACT.search(kind)
    ]


def identifiers_of_persons_stay_private(manifest: Manifest) -> list[str]:
    """Columns tagged `pii: direct`, or named like one, stand in private and on the way there."""
    direct = {
        column["name"]
        for node in models(manifest)
        for column in node["columns"].values()
        if _pii(column) == "direct"
    }
    return [
        f"{node['name']}.{column['name']} identifies a person"
        for node in models(manifest)
        if _layer(node) not in ("private", "feeds", "identity")
        for column in node["columns"].values()
        if _pii(column) == "direct" or column["name"] in direct
    ]


def seeds_are_described_and_typed(
    manifest: Manifest, headers: Mapping[str, list[str]]
) -> list[str]:
    """Every column of a seed's file has words and a type that both engines know."""
    breaches = []
    for node in seeds(manifest):
        types = _types(node)
        for name in headers[node["original_file_path"]]:
            column = node["columns"].get(name)
            if column is None or not column["description"].strip():
                breaches.append(f"{node['name']}.{name} has no description")
            if not SEED_TYPE.fullmatch(types.get(name, "").replace(" ", "")):
                breaches.append(f"{node['name']}.{name} has the type {types.get(name)!r}")
    return breaches


def forgets_what_it_makes_anew(manifest: Manifest) -> list[str]:
    """A kept model that deletes nothing appends the same rows in every build."""
    return [
        f"{node['name']} is kept and its pre-hook deletes nothing"
        for node in models(manifest)
        if node["config"]["materialized"] == "incremental"
        and not any("delete_" in hook["sql"] for hook in node["config"]["pre-hook"])
    ]


def is_configured_by_its_folder(manifest: Manifest) -> list[str]:
    """A model's file begins with SQL: schema and materialization are the folder's."""
    return [
        f"{node['name']} configures itself"
        for node in models(manifest)
        if re.search(r"\{\{-?\s*config\s*\(", node["raw_code"])
    ]


def every_test_belongs_to_a_model(manifest: Manifest) -> list[str]:
    """A test without a model is no check of any asset, so its failure would stop nothing."""
    names = {node["name"] for node in (*models(manifest), *seeds(manifest))}
    return [
        f"{node['name']} belongs to no model: say which in meta.dagster.ref"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and not node.get("attached_node")
        and node["config"]["meta"].get("dagster", {}).get("ref", {}).get("name") not in names
    ]


def _layer(node: Node) -> str:
    return str(node["fqn"][1])


def _top(node: Node) -> str:
    folders = node["fqn"][1:-1]
    return "/".join(folders[:2] if folders[0] == "marts" else folders[:1])


def _own(node: Node) -> str | None:
    """The system of a staging model or source, the mart of a mart."""
    if node["resource_type"] == "source":
        return str(node["source_name"])
    folders = node["fqn"][1:-1]
    return str(folders[1]) if folders and folders[0] in ("staging", "marts") else None


def kind_of(node: Node) -> str:
    """What a model reads when it reads a node: a folder, `seeds`, or a source by name."""
    if node["resource_type"] == "source":
        return str(node["source_name"])
    return "seeds" if node["resource_type"] == "seed" else _layer(node)


def _is(node: Node, layer: str) -> bool:
    return _layer(node) == layer


def _pii(column: Mapping[str, Any]) -> str | None:
    return column["config"]["meta"].get("pii")


def _types(node: Node) -> dict[str, str]:
    declared = {c["name"]: c["data_type"] for c in node["columns"].values() if c["data_type"]}
    return {**declared, **node["config"]["column_types"]}


def _is_held_unique(manifest: Manifest, node: Node, grain: list[str]) -> bool:
    tests = [
        test
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test"
        and test.get("attached_node") == node["unique_id"]
        and test["config"]["severity"].lower() == "error"
        and not test["config"]["where"]
    ]
    names = {(t["test_metadata"]["name"], t["column_name"]) for t in tests}
    if len(grain) == 1 and ("unique", grain[0]) in names:
        column = node["columns"].get(grain[0], {})
        return "not_null" in {constraint["type"] for constraint in column.get("constraints", ())}
    return any(
        t["test_metadata"]["name"] == "unique_grain"
        and sorted(t["test_metadata"]["kwargs"]["columns"]) == sorted(grain)
        for t in tests
    )
