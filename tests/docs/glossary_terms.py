"""The glossary as data, and what its entries promise that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_SPAN = re.compile(r"`([^`]+)`")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Term:
    """One entry. `columns` and `tests` as they are written between backticks."""

    english: str
    chinese: str
    formula: str
    columns: tuple[str, ...]
    source: str
    tests: tuple[str, ...]


def terms(markdown: str) -> list[Term]:
    """The entries in their order: every heading of the second level is one."""
    parts = re.split(r"^## (.+)$", re.sub(r"^# .+$", "", markdown, flags=re.M), flags=re.M)[1:]
    return [_term(heading, body) for heading, body in zip(parts[::2], parts[1::2], strict=True)]


def incomplete(term: Term) -> list[str]:
    """What an entry lacks, in words."""
    wanted = {
        "an English name": term.english,
        "a Chinese name": _CHINESE.search(term.chinese),
        "a formula in one line": term.formula and "\n" not in term.formula,
        "a column": term.columns,
        "a source": term.source,
        "a test": term.tests,
    }
    return [f"{term.english} lacks {what}" for what, there in wanted.items() if not there]


def missing_columns(entries: Iterable[Term], known: set[str]) -> list[str]:
    """Columns (`schema.table.column`) that no database has."""
    return [column for term in entries for column in term.columns if column not in known]


def missing_tests(entries: Iterable[Term], declared: set[str], root: Path) -> list[str]:
    """Tests that are neither a pytest function, nor a file, nor declared for a model."""
    return [test for term in entries for test in term.tests if not _exists(test, declared, root)]


def declared_tests(files: Mapping[str, Any]) -> set[str]:
    """`model:test` and `model.column:test` of all models and seeds in the YAML of some files."""
    found = set()
    for content in files.values():
        for node in [*content.get("models", []), *content.get("seeds", [])]:
            found |= {f"{node['name']}:{name}" for name in _names(node)}
            for column in node.get("columns", []):
                found |= {f"{node['name']}.{column['name']}:{name}" for name in _names(column)}
        for test in content.get("unit_tests", []):
            found.add(f"{test['model']}:{test['name']}")
    return found


def yaml_files(root: Path) -> dict[str, Any]:
    """The YAML of models and seeds by path."""
    files = [*(root / "models").rglob("*.yml"), *(root / "seeds").rglob("*.yml")]
    return {
        str(file.relative_to(root)): yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in files
    }


def _term(heading: str, body: str) -> Term:
    english, _, chinese = heading.partition(" · ")
    fields = dict(re.findall(r"^- (column|source|test): (.+)$", body, re.M))
    return Term(
        english=english.strip(),
        chinese=chinese.strip(),
        formula=re.split(r"^- ", body, maxsplit=1, flags=re.M)[0].strip(),
        columns=tuple(_SPAN.findall(fields.get("column", ""))),
        source=fields.get("source", ""),
        tests=tuple(_SPAN.findall(fields.get("test", ""))),
    )


def _names(node: Mapping[str, Any]) -> list[str]:
    return [
        test if isinstance(test, str) else next(iter(test)) for test in node.get("data_tests", [])
    ]


def _exists(test: str, declared: set[str], root: Path) -> bool:
    path, _, function = test.partition("::")
    if function:
        file = root / path
        return file.is_file() and f"\ndef {function}(" in file.read_text(encoding="utf-8")
    if path.endswith(".sql"):
        return (root / path).is_file()
    return test in declared
