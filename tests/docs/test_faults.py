"""The page on what arrives broken names tests that exist, one at least for every fault."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import documents
import pytest
import typer

from crm.cli import app
from crm.settings import PROJECT_ROOT

DOCUMENT = "docs/faults.md"
PAGE = (PROJECT_ROOT / DOCUMENT).read_text(encoding="utf-8")
HEADER = "| what is wrong | what happens | test |\n| --- | --- | --- |\n"
_TEST = re.compile(r"\[`(\w+)`\]\(([^)\s]+)\)")


def faults(page: str) -> list[tuple[str, ...]]:
    """Every row of every table of the page."""
    return [row for table in documents.tables(page) for row in table]


def breaches(page: str, root: Path) -> list[str]:
    """Faults without a test, and tests that their file does not have."""
    found = []
    for what, *happens, tests in faults(page):
        named = _TEST.findall(tests)
        if len(happens) != 1 or not all((what, *happens)):
            found.append(f"{what}: has no three cells")
        if not named:
            found.append(f"{what}: names no test")
        for name, link in named:
            if name not in defined_in((root / "docs" / link).resolve()):
                found.append(f"{what}: {link} has no {name}")
    return found


def defined_in(file: Path) -> set[str]:
    """The tests that a file defines; none where there is no file."""
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_fault_has_a_test_that_exists() -> None:
    assert len(faults(PAGE)) > 70
    assert breaches(PAGE, PROJECT_ROOT) == []


def test_no_fault_stands_there_twice() -> None:
    told = [what for what, *_ in faults(PAGE)]
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("row", "breach"),
    [
        ("| A | b | [`test_here`](../tests/test_x.py) |", []),
        ("| A | b | [`test_no`](../tests/test_x.py) |", ["A: ../tests/test_x.py has no test_no"]),
        ("| A | b | [`helper`](../tests/test_x.py) |", ["A: ../tests/test_x.py has no helper"]),
        ("| A | b | [`test_in`](../tests/test_x.py) |", ["A: ../tests/test_x.py has no test_in"]),
        ("| A | b | [`test_y`](../tests/test_y.py) |", ["A: ../tests/test_y.py has no test_y"]),
        ("| A | b | `test_here` |", ["A: names no test"]),
        ("| A | | [`test_here`](../tests/test_x.py) |", ["A: has no three cells"]),
    ],
)  # fmt: skip
def test_a_fault_whose_test_is_not_there_is_found(
    tmp_path: Path, row: str, breach: list[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text(
        "def helper():\n    pass\n\n\ndef test_here():\n    def test_in():\n        pass\n"
    )
    assert breaches(f"{HEADER}{row}\n", tmp_path) == breach


def test_links_paths_and_commands_of_the_page_exist() -> None:
    commands = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in typer.main.get_command(app).commands.items()
    }
    assert documents.dead_links(DOCUMENT, PAGE, PROJECT_ROOT) == []
    assert documents.missing_paths(PAGE, PROJECT_ROOT) == []
    assert documents.unknown_commands(PAGE, commands) == []
