"""Every term of the glossary has its column and its test."""

from __future__ import annotations

import glossary_terms as glossary
import pytest
from command import marts, private, rows
from glossary_terms import Term

from crm.settings import PROJECT_ROOT

COLUMNS = "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()"
ENTRY = """# Group

## recency · 最近一次消费间隔

t − last purchase occasion, in days.

- column: `rfm.rfm_customers.recency_days`
- source: Arthur Hughes
- test: `rfm_customers:unique_grain`, `tests/x.py::test_y`
"""


@pytest.fixture(scope="module")
def terms() -> list[Term]:
    return glossary.terms((PROJECT_ROOT / "docs/glossary.md").read_text(encoding="utf-8"))


def test_every_entry_is_complete_and_there_once(terms):
    assert [breach for term in terms for breach in glossary.incomplete(term)] == []
    for names in ([term.english for term in terms], [term.chinese for term in terms]):
        assert len(names) == len(set(names)) > 30


def test_every_column_exists(terms, sample_home):
    known = {name for file in (marts, private) for (name,) in rows(file(sample_home), COLUMNS)}
    assert glossary.missing_columns(terms, known) == []


def test_every_test_exists(terms):
    declared = glossary.declared_tests(glossary.yaml_files(PROJECT_ROOT))
    assert glossary.missing_tests(terms, declared, PROJECT_ROOT) == []


def test_every_published_measure_of_rfm_has_a_term(terms, sample_home):
    sql = COLUMNS + " where schema_name = 'rfm' and table_name = 'rfm_customers'"
    named = {column for term in terms for column in term.columns}
    keys = {"business_unit", "last_occasion_on"}
    unnamed = {name for (name,) in rows(marts(sample_home), sql)} - named
    assert {name.rpartition(".")[2] for name in unnamed} <= keys


def test_an_entry_is_read_whole():
    assert glossary.terms(ENTRY) == [
        Term(
            english="recency",
            chinese="最近一次消费间隔",
            formula="t − last purchase occasion, in days.",
            columns=("rfm.rfm_customers.recency_days",),
            source="Arthur Hughes",
            tests=("rfm_customers:unique_grain", "tests/x.py::test_y"),
        )
    ]


@pytest.mark.parametrize(
    ("part", "replacement", "lacks"),
    [
        ("最近一次消费间隔", "recency", "a Chinese name"),
        ("in days.", "\nin days.", "a formula in one line"),
        ("- column", "- columns", "a column"),
        ("- source: Arthur Hughes", "", "a source"),
        ("- test", "- checked by", "a test"),
    ],
)
def test_an_entry_that_lacks_something_is_found(part, replacement, lacks):
    [term] = glossary.terms(ENTRY.replace(part, replacement))
    assert glossary.incomplete(term) == [f"recency lacks {lacks}"]


def test_a_column_that_no_database_has_is_found():
    terms = glossary.terms(ENTRY)
    assert glossary.missing_columns(terms, {"rfm.rfm_customers.recency_days"}) == []
    assert glossary.missing_columns(terms, {"rfm.rfm_customers.recency"}) == [
        "rfm.rfm_customers.recency_days"
    ]


def test_a_test_that_is_nowhere_is_found(tmp_path):
    declared = glossary.declared_tests(
        {
            "a.yml": {
                "models": [
                    {
                        "name": "rfm_customers",
                        "data_tests": ["rfm_scores_are_whole", {"unique_grain": {}}],
                        "columns": [{"name": "segment", "data_tests": ["not_null"]}],
                    }
                ],
                "unit_tests": [{"name": "ties", "model": "rfm_customers"}],
            }
        }
    )
    assert declared == {
        "rfm_customers:rfm_scores_are_whole",
        "rfm_customers:unique_grain",
        "rfm_customers.segment:not_null",
        "rfm_customers:ties",
    }
    terms = glossary.terms(ENTRY)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/x.py").write_text("import os\n\n\ndef test_y():\n    pass\n")
    assert glossary.missing_tests(terms, declared, tmp_path) == []
    (tmp_path / "tests/x.py").write_text("import os\n\n\ndef test_yes():\n    pass\n")
    assert glossary.missing_tests(terms, set(), tmp_path) == [
        "rfm_customers:unique_grain",
        "tests/x.py::test_y",
    ]
