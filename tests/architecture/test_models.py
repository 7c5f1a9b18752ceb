from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import model_rules as rules
import pytest
import tree_rules

ROOT = Path(__file__).resolve().parents[2]
Manifest = dict[str, Any]
Breach = Callable[[Manifest], None]


def node(manifest: Manifest, name: str, kind: str = "model") -> Any:
    return manifest["nodes"][f"{kind}.crm.{name}"]


def reads(reader: str, read: str) -> Breach:
    def plant(manifest: Manifest) -> None:
        node(manifest, reader)["depends_on"]["nodes"].append(read)

    return plant


def is_renamed(name: str, to: str) -> Breach:
    return lambda manifest: node(manifest, name).update(name=to)


def is_described(name: str, description: str) -> Breach:
    return lambda manifest: node(manifest, name).update(description=description)


def column(name: str, column: str, **says: Any) -> Breach:
    def plant(manifest: Manifest) -> None:
        columns = node(manifest, name)["columns"]
        template = copy.deepcopy(next(iter(columns.values())))
        columns[column] = {**columns.get(column, {**template, "name": column}), **says}

    return plant


def meta(name: str, **says: Any) -> Breach:
    return lambda manifest: node(manifest, name)["config"]["meta"].update(says)


def config(name: str, **says: Any) -> Breach:
    return lambda manifest: node(manifest, name)["config"].update(says)


def warned(kind: str) -> Breach:
    def plant(manifest: Manifest) -> None:
        for content in manifest["nodes"].values():
            if (content.get("test_metadata") or {}).get("name") == kind:
                content["config"]["severity"] = "warn"

    return plant


def attached_to(model: str) -> Breach:
    def plant(manifest: Manifest) -> None:
        test = node(manifest, "accepted_rows_are_order_lines", "test")
        test["config"]["meta"] = {"dagster": {"ref": {"name": model}}} if model else {}

    return plant


PII = {"config": {"meta": {"pii": "direct"}}}
Rule = Callable[[Manifest], list[str]]
BREACHES: list[tuple[Rule, Breach, str]] = [
    (
        rules.reads_only_what_it_may,
        reads("stg_standard__products", "model.crm.products"),
        "stg_standard__products (staging) reads products (feeds)",
    ),
    (
        rules.reads_only_what_it_may,
        reads("stg_standard__products", "source.crm.online_retail.transactions"),
        "stg_standard__products (staging) reads transactions (online_retail)",
    ),
    (
        rules.reads_only_what_it_may,
        reads("dim_dates", "source.crm.raw.deliveries"),
        "dim_dates (core) reads deliveries (raw)",
    ),
    (
        rules.reads_only_what_it_may,
        reads("customer_days", "model.crm.transactions"),
        "customer_days (customer_base) reads transactions (feeds)",
    ),
    (
        rules.reads_only_what_it_may,
        reads("rfm_customers", "model.crm.customers"),
        "rfm_customers (marts) reads customers (feeds)",
    ),
    (
        rules.reads_only_what_it_may,
        reads("rfm_customers", "model.crm.int_returns__linked"),
        "rfm_customers reads int_returns__linked, a step of core",
    ),
    (
        rules.reads_only_what_it_may,
        reads("quarantined_rows", "model.crm.quarantined_rows_verbatim"),
        "quarantined_rows (quality) reads quarantined_rows_verbatim (private)",
    ),
    (
        rules.is_named_by_its_folder,
        is_renamed("stg_standard__products", "stg_products"),
        "staging/standard/stg_products is not named stg_standard__[a-z]+(_[a-z]+)*",
    ),
    (
        rules.is_named_by_its_folder,
        is_renamed("int_returns__linked", "int_link_returns"),
        f"core/intermediate/int_link_returns is not named {rules.STEP}",
    ),
    (
        rules.is_named_by_its_folder,
        is_renamed("fct_orders", "orders"),
        f"core/orders is not named {rules.NAMES['core']}",
    ),
    (
        rules.is_named_by_its_folder,
        is_renamed("rfm_customers", "customer_scores"),
        "marts/rfm/customer_scores is not named rfms?(_[a-z]+)+",
    ),
    (
        rules.is_contracted,
        config("fct_orders", contract={"enforced": False}),
        "fct_orders has no enforced contract",
    ),
    (
        rules.says_one_row_per,
        is_described("dim_dates", "The days."),
        "dim_dates: its description does not begin with 'One row per '",
    ),
    (
        rules.describes_every_column,
        column("dim_dates", "date_on", description=" "),
        "dim_dates.date_on has no description",
    ),
    (
        rules.describes_every_column,
        column("dim_dates", "date_on", data_type=None),
        "dim_dates.date_on has no data_type",
    ),
    (rules.grain_is_tested, meta("dim_dates", grain=[]), "dim_dates has no meta.grain"),
    (
        rules.grain_is_tested,
        meta("dim_dates", grain=["day"]),
        "dim_dates: its grain names day, which it has not",
    ),
    (
        rules.grain_is_tested,
        meta("fct_orders", grain=["order_id"]),
        "fct_orders: no test holds that order_id is unique",
    ),
    (
        rules.grain_is_tested,
        column("dim_dates", "date_on", constraints=[]),
        "dim_dates: no test holds that date_on is unique",
    ),
    (
        rules.grain_is_tested,
        warned("unique_grain"),
        "fct_orders: no test holds that system, order_id is unique",
    ),
    (
        rules.money_is_exact,
        column("fct_orders", "net_amount_reporting", data_type="double"),
        "fct_orders.net_amount_reporting is double",
    ),
    (
        rules.identifiers_of_persons_stay_private,
        column("dim_customers", "nickname", **PII),
        "dim_customers.nickname identifies a person",
    ),
    (
        rules.identifiers_of_persons_stay_private,
        column("dim_customers", "email"),
        "dim_customers.email identifies a person",
    ),
    (
        rules.forgets_what_it_makes_anew,
        config("dim_dates", materialized="incremental"),
        "dim_dates is kept and its pre-hook deletes nothing",
    ),
    (
        rules.is_configured_by_its_folder,
        lambda manifest: node(manifest, "fct_orders").update(raw_code="{{ config(schema='x') }}"),
        "fct_orders configures itself",
    ),
    (
        rules.every_test_belongs_to_a_model,
        attached_to(""),
        "accepted_rows_are_order_lines belongs to no model: say which in meta.dagster.ref",
    ),
    (
        rules.every_test_belongs_to_a_model,
        attached_to("fct_order_line"),
        "accepted_rows_are_order_lines belongs to no model: say which in meta.dagster.ref",
    ),
]  # fmt: skip
RULES = list(dict.fromkeys(rule for rule, _, _ in BREACHES))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_model(rule: Rule, manifest: Manifest) -> None:
    assert rule(manifest) == []


@pytest.mark.parametrize(
    ("rule", "breach", "says"), BREACHES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_planted_breach_is_found(
    rule: Rule, breach: Breach, says: str, manifest: Manifest
) -> None:
    planted = copy.deepcopy(manifest)
    breach(planted)
    assert says in rule(planted)


def test_a_chinese_term_may_stand_before_the_grain() -> None:
    assert rules.ONE_ROW_PER.match("客户. One row per customer.")
    assert rules.ONE_ROW_PER.match("客户月度RFM。 One row per customer and month.")
    assert not rules.ONE_ROW_PER.match("Customers. One row per customer.")


def test_every_exception_is_still_needed(manifest: Manifest) -> None:
    names = {content["name"]: content for content in rules.models(manifest)}
    assert set(rules.NOT_UNIQUE) <= set(names)
    assert set(rules.NAMED_OTHERWISE) <= set(names)
    every = {**manifest["nodes"], **manifest["sources"]}
    for name, kind in rules.READS_MORE:
        read = (every[key] for key in names[name]["depends_on"]["nodes"])
        assert kind in {rules.kind_of(node) for node in read}


def seed_headers() -> dict[str, list[str]]:
    files = tree_rules.below(tree_rules.tracked_texts(ROOT), "seeds", suffix=".csv")
    return {name: tree_rules.header(text) for name, text in files.items()}


def test_every_seed_is_described_and_typed(manifest: Manifest) -> None:
    headers = seed_headers()
    assert {content["original_file_path"] for content in rules.seeds(manifest)} == set(headers)
    assert rules.seeds_are_described_and_typed(manifest, headers) == []


def test_a_seed_column_without_words_or_with_one_engines_type_is_found(manifest: Manifest) -> None:
    planted, headers = copy.deepcopy(manifest), seed_headers()
    headers["seeds/line_kinds.csv"].append("remark")
    node(planted, "product_kinds", "seed")["config"]["column_types"]["system"] = "varchar"
    assert rules.seeds_are_described_and_typed(planted, headers) == [
        "product_kinds.system has the type 'varchar'",
        "line_kinds.remark has no description",
        "line_kinds.remark has the type None",
    ]


def test_every_feed_has_its_four_models(manifest: Manifest) -> None:
    names = {content["name"] for content in rules.models(manifest)}
    found = rules.feeds(manifest)
    assert {"customers", "products", "transactions"} <= set(found)
    for feed in found:
        assert {feed, f"{feed}_judged", f"{feed}_ranked", f"{feed}_typed"} <= names
