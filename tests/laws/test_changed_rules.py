"""Changed rules: what no longer rests on the same rules is built whole, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crm.contracts import load_tables
from crm.lake.raw_views import register
from crm.operation import model_state
from crm.settings import Settings

Manifest = dict[str, Any]
Plant = Callable[[Manifest], None]

SCORES = {"int_rfm_customers__scored", "rfm_customer_months", "rfm_segment_migrations"}
RFM = {"int_rfm_customers__measured", "int_rfm_populations__bounded", *SCORES}
OF_RATES = {"exchange_rates_typed", "exchange_rates_ranked"}
LIFECYCLE = {
    "int_lifecycle_customers__measured", "int_lifecycle_customers__staged",
    "int_lifecycle_backtests__counted", "lifecycle_cadence_norms", "lifecycle_customer_months",
    "lifecycle_flows", "lifecycle_transitions",
}  # fmt: skip
STAGED = LIFECYCLE - {"int_lifecycle_customers__measured", "lifecycle_cadence_norms"}
OF_DAYS = {"customer_days", "customer_months", "occasions", "customer_starts"}
FACTS = {"fct_order_lines", "fct_orders", "int_returns__linked", "category_occasions"}


def model(name: str) -> Plant:
    """A model's SQL says something else."""
    return lambda manifest: _add(_node(manifest, "model", name), "raw_code", "\n-- otherwise")


def macro(name: str) -> Plant:
    """A macro says something else."""
    return lambda manifest: _add(manifest["macros"][f"macro.crm.{name}"], "macro_sql", " ")


def seed(name: str) -> Plant:
    """A seed has other rows: those of another file."""

    def plant(manifest: Manifest) -> None:
        _node(manifest, "seed", name)["original_file_path"] = "dbt_project.yml"

    return plant


def contract(name: str, column: str) -> Plant:
    """A column of a feed is declared with another type."""

    def plant(manifest: Manifest) -> None:
        _node(manifest, "model", name)["columns"][column]["data_type"] = "decimal(9, 1)"

    return plant


def called(name: str, macro: str) -> Plant:
    """A run noted that a model called a macro, as dbt does in the manifest that it leaves."""
    return lambda manifest: _node(manifest, "model", name)["depends_on"]["macros"].append(
        f"macro.crm.{macro}"
    )


def description(name: str) -> Plant:
    """A model is described in other words."""
    return lambda manifest: _add(_node(manifest, "model", name), "description", " Indeed.")


CASES: list[tuple[Plant, set[str]]] = [
    (model("fct_orders"), {"fct_orders"}),
    (model("customer_days"), {*OF_DAYS, *RFM, *LIFECYCLE}),
    (model("changed_days"), {*RFM, *LIFECYCLE}),
    (seed("rfm_cut_points"), {"int_rfm_populations__bounded", *SCORES}),
    (seed("rfm_migration_lags"), {"rfm_segment_migrations"}),
    (seed("lifecycle_reason_labels"), STAGED),
    (macro("rfm_score"), SCORES),
    (
        contract("campaigns", "starts_on"),
        {
            "campaigns_typed",
            "campaigns_ranked",
            *LIFECYCLE,
        },
    ),
    (contract("exchange_rates", "exchange_rate"), {*OF_RATES, *FACTS, *OF_DAYS, *RFM, *LIFECYCLE}),
    (description("customer_days"), set()),
    (called("changed_days", "rfm_score"), set()),
]


@pytest.mark.parametrize(("plant", "rests_on_it"), CASES)
def test_a_changed_rule_drops_exactly_what_rests_on_it(
    manifest: Manifest, tmp_path: Path, plant: Plant, rests_on_it: set[str]
) -> None:
    assert dropped(manifest, plant, tmp_path) == rests_on_it


@pytest.mark.parametrize(
    ("blind", "plant", "rests_on_it"),
    [
        ("_macros", *CASES[6]),
        ("_contracts", *CASES[7]),
        ("_hash_of_files", *CASES[3]),
    ],
)
def test_the_law_catches(
    manifest: Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blind: str,
    plant: Plant,
    rests_on_it: set[str],
) -> None:
    """What rests on macros, contracts or seeds is not seen when these are not looked at."""
    monkeypatch.setattr(model_state, blind, lambda *_: [])
    assert dropped(manifest, plant, tmp_path) != rests_on_it


def dropped(manifest: Manifest, plant: Plant, home: Path) -> set[str]:
    """The kept tables that are gone once the planted rules meet those of a good build."""
    settings = Settings(home=home)
    build = settings.build
    build.mkdir()
    before = build / "before.duckdb"
    with duckdb.connect(str(build / "build.duckdb")) as con:
        register(con, settings, load_tables(settings))
    model_state.invalidate(build, before, manifest)
    kept = [n for n in manifest["nodes"].values() if n["config"]["materialized"] == "incremental"]
    with duckdb.connect(str(build / "build.duckdb")) as con:
        con.execute(f"attach '{build / 'marts.duckdb'}' as marts")
        for node in kept:
            con.execute(f"create schema if not exists {node['database']}.{node['schema']}")
            con.execute(f"create table {node['relation_name']} (anything integer)")
    planted = copy.deepcopy(manifest)
    plant(planted)
    told = model_state.invalidate(build, before, planted)
    with duckdb.connect(str(build / "build.duckdb")) as con:
        con.execute(f"attach '{build / 'marts.duckdb'}' as marts")
        stand = {
            name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()
        }
    gone = {node["name"] for node in kept if node["alias"] not in stand}
    assert gone == set(told.dropped)
    return gone


def _node(manifest: Manifest, kind: str, name: str) -> dict[str, Any]:
    return manifest["nodes"][f"{kind}.crm.{name}"]


def _add(node: dict[str, Any], field: str, text: str) -> None:
    node[field] += text
