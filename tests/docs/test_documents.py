"""The documents name nothing that does not exist."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import documents
import pytest
import typer.main

from crm.cli import app
from crm.settings import PROJECT_ROOT

SVG = "{http://www.w3.org/2000/svg}"


def text_of(document: str) -> str:
    return (PROJECT_ROOT / document).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands() -> dict[str, set[str]]:
    group = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()
    }


@pytest.mark.parametrize("document", documents.DOCUMENTS)
def test_every_link_leads_somewhere(document):
    assert documents.dead_links(document, text_of(document), PROJECT_ROOT) == []


@pytest.mark.parametrize("document", documents.DOCUMENTS)
def test_every_path_that_is_named_exists(document):
    assert documents.missing_paths(text_of(document), PROJECT_ROOT) == []


@pytest.mark.parametrize("document", documents.DOCUMENTS)
def test_every_command_and_option_of_crm_exists(document, commands):
    assert documents.unknown_commands(text_of(document), commands) == []


def test_a_link_to_nowhere_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "here.md").write_text("# The run\n\n## A, b & c\n")
    markdown = (
        "[a](here.md) [b](gone.md) [c](here.md#the-run) [d](here.md#the-walk) [e](../docs/here.md) "
        "[f](https://example.net/gone) [g](here.md#a-b--c)\n\n```md\n[h](also-gone.md)\n```\n"
    )
    assert documents.dead_links("docs/here.md", markdown, tmp_path) == [
        "gone.md",
        "here.md#the-walk",
    ]


def test_a_path_that_is_gone_is_found_and_a_pattern_is_none(tmp_path):
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "lake.py").touch()
    markdown = "`crm/lake.py` `crm/pond.py` `models/staging/<system>/` `crm.toml` `marts.duckdb`"
    assert documents.missing_paths(markdown, tmp_path) == ["crm/pond.py", "crm.toml"]


def test_an_unknown_command_or_option_is_found_in_spans_and_blocks():
    markdown = (
        "`crm build --as-of 2026-03-31`, `crm biuld` and crm rolls on.\n"
        "```sh\n.venv/bin/crm build --fresh   # crm comments\n```\n"
        "```python\nfrom crm import marts\n```\n"
    )
    assert documents.unknown_commands(markdown, {"build": {"--as-of"}}) == [
        "crm build --fresh",
        "crm biuld",
    ]


def test_every_module_has_its_row_in_the_architecture():
    rows = [row for table in documents.tables(text_of("docs/architecture.md")) for row in table]
    named = {path for row in rows for path in documents.spans(row[0]) if path.endswith(".py")}
    there = {
        str(file.relative_to(PROJECT_ROOT))
        for folder in ("crm", "orchestration")
        for file in (PROJECT_ROOT / folder).rglob("*.py")
        if file.name != "__init__.py"
    }
    assert named == there


def test_every_decision_says_what_why_what_was_rejected_and_what_it_costs():
    assert documents.incomplete_decisions(text_of("docs/decisions.md")) == []


def test_a_decision_without_its_cost_is_found():
    whole = "**What.** a **Why.** b **Rejected.** c **Cost.** d\n"
    markdown = f"## One\n{whole}## Two\n{whole.replace('**Cost.** d', '')}"
    assert documents.incomplete_decisions(markdown) == ["Two: **Cost.**"]


def test_the_decision_that_the_requirements_name_is_there():
    named = text_of("requirements.in").split('docs/decisions.md, "')[1].split('"')[0]
    assert named in documents.headings(text_of("docs/decisions.md"))


def test_pictures_are_whole_described_and_readable_in_the_dark():
    pictures = sorted((PROJECT_ROOT / "docs").glob("*.svg"))
    assert pictures != []
    for picture in pictures:
        root = ElementTree.parse(picture).getroot()  # noqa: S314  a file of our own
        said = [root.findtext(f"{SVG}{part}") for part in ("title", "desc")]
        assert all(said), picture.name
        assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or ""), picture.name
