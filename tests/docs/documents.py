"""Reading the project's documents: code, tables, links, and what in them does not exist.

Text in, lists of breaches out; an empty list is good. What is true of the glossary alone is
`glossary_terms.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

DOCUMENTS = (
    "README.md",
    "docs/architecture.md",
    "docs/decisions.md",
    "docs/faults.md",
    "docs/glossary.md",
    "docs/new-system.md",
)
PARTS_OF_A_DECISION = ("**What.**", "**Why.**", "**Rejected.**", "**Cost.**")

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.S | re.M
)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(
    r"(?:crm|orchestration|models|macros|seeds|tests|docs)/[\w./-]*|[\w-]+\.(?:toml|in|lock)"
)
_COMMAND = re.compile(r"(?:^|(?<=[\s/]))crm ([a-z][\w-]*)([^\n|]*)", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document: its language, its text, the line of its first fence."""

    language: str
    text: str
    line: int


def blocks(markdown: str) -> list[Block]:
    """The fenced blocks in their order."""
    return [
        Block(found["language"], found["text"], markdown.count("\n", 0, found.start()) + 1)
        for found in _BLOCK.finditer(markdown)
    ]


def spans(markdown: str) -> list[str]:
    """What stands between single backticks outside fenced blocks."""
    return _SPAN.findall(_BLOCK.sub("", markdown))


def headings(markdown: str) -> list[str]:
    """The texts of all headings."""
    return re.findall(r"^#+ (.+)$", _BLOCK.sub("", markdown), re.M)


def section(markdown: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level or above. Raises `ValueError`."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n", markdown, re.M)
    if found is None:
        raise ValueError(f"There is no heading '{heading}'.")
    rest = markdown[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def tables(markdown: str) -> list[list[tuple[str, ...]]]:
    """The tables in their order, each as its rows below the header; cells are stripped."""
    found = re.findall(r"^\|[^\n]*\n\| *-[^\n]*\n((?:\|[^\n]*\n)+)", markdown, re.M)
    return [
        [
            tuple(cell.strip() for cell in row.strip().strip("|").split("|"))
            for row in rows.splitlines()
        ]
        for rows in found
    ]


def dead_links(document: str, markdown: str, root: Path) -> list[str]:
    """Relative links that lead to no file, or to no heading of it."""
    dead = []
    for link in _LINK.findall(_BLOCK.sub("", markdown)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (root / document).parent / path if path else root / document
        there = headings(target.read_text(encoding="utf-8")) if target.is_file() else None
        if there is None or (anchor and anchor not in map(_slug, there)):
            dead.append(link)
    return dead


def missing_paths(markdown: str, root: Path) -> list[str]:
    """Paths of the project, as they stand in spans, that do not exist; patterns are passed over."""
    named = (span.partition("::")[0] for span in spans(markdown))
    return [path for path in named if _PATH.fullmatch(path) and not (root / path).exists()]


def unknown_commands(markdown: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """Commands and options of `crm` in spans and blocks that it does not have.

    `known` has the options by command. A span that begins with an option belongs to no command.
    """
    code = [block.text for block in blocks(markdown) if block.language != "python"]
    unknown = []
    for text in [*(re.sub(r"#.*", "", text) for text in code), *spans(markdown)]:
        for command, rest in _COMMAND.findall(text):
            if command not in known:
                unknown.append(f"crm {command}")
                continue
            options = re.findall(r"(?<=\s)--[a-z-]+", rest)
            unknown += [f"crm {command} {o}" for o in options if o not in set(known[command])]
    return unknown


def incomplete_decisions(markdown: str) -> list[str]:
    """Headings of decisions that lack one of their four parts."""
    return [
        f"{heading}: {part}"
        for heading in re.findall(r"^## (.+)$", markdown, re.M)
        for part in PARTS_OF_A_DECISION
        if section(markdown, heading).count(part) != 1
    ]


def plain(text: str) -> str:
    """Text without blanks at the ends of lines and without blank lines around it."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def _slug(heading: str) -> str:
    """A heading's anchor, as code hosts make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
