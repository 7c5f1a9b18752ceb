from __future__ import annotations

from pathlib import Path

import pytest
import tree_rules
from harness import Project
from portable_sql import FORBIDDEN, Construct, breaches

ROOT = Path(__file__).resolve().parents[2]


def test_sql_by_hand_runs_on_both_engines() -> None:
    texts = tree_rules.tracked_texts(ROOT)
    by_hand = tree_rules.below(texts, "models", "tests/dbt", "macros", suffix=".sql")
    engine = tree_rules.below(texts, "macros/engine", suffix=".sql")
    assert engine.keys() < by_hand.keys()
    assert breaches({name: sql for name, sql in by_hand.items() if name not in engine}) == []


def test_compiled_sql_runs_on_both_engines_but_for_what_the_engine_macros_write(
    project: Project,
) -> None:
    # Python models run where dbt's process runs; docs/decisions.md says which and why.
    nodes = [
        node
        for node in project.nodes.values()
        if node.kind in ("model", "test") and node.language == "sql"
    ]
    compiled = {node.name: node.sql for node in nodes}
    assert len(compiled) == len(nodes)
    assert "" not in compiled.values()
    assert breaches(compiled, compiled=True) == []


@pytest.mark.parametrize("construct", FORBIDDEN, ids=lambda construct: construct.name)
def test_each_construct_is_caught_by_hand_and_compiled(construct: Construct) -> None:
    says = f"a.sql: {construct.name}; write {construct.instead}"
    assert says in breaches({"a.sql": construct.example})
    assert says in breaches({"a.sql": construct.example.upper()})
    # dbt itself quotes the names of relations.
    assert construct.name == "quoted names" or says in breaches(
        {"a.sql": construct.example}, compiled=True
    )


def test_a_posix_class_is_caught() -> None:
    sql = "select {{ replace_all('a', '[[:punct:]]', '') }} from t"
    assert breaches({"a.sql": sql}) == ["a.sql: a POSIX class; write the characters"]


@pytest.mark.parametrize(
    "sql",
    [
        "-- qualify any_value(a)\nselect 1",
        "{# a::date #} select 1",
        "select '[x] // :: qualify' as note",
        "select 'it''s a::date' as note",
        "{% set names = ['a', 'b'] %} select {{ names[0] }} from t",
        "select sum(case when is_return then 1 else 0 end) from t",
        "select cast(a as string), first_order_on from t",
    ],
)
def test_words_that_are_no_sql_and_portable_sql_are_left_alone(sql: str) -> None:
    assert breaches({"a.sql": sql}) == []
