"""The page for a new system, followed to the letter in a copy of the project."""

from __future__ import annotations

import re
from itertools import pairwise

import documents
import pytest
import typer
from project_copy import Copy, copied_project

from crm.cli import app
from crm.contracts import SYSTEM_KEYS, TABLE_KEYS, Dialect, load_systems, load_tables
from crm.settings import PROJECT_ROOT, Settings

DOCUMENT = "docs/new-system.md"
PAGE = (PROJECT_ROOT / DOCUMENT).read_text(encoding="utf-8")
_FILE = re.compile(r"^\*\*(\S+)\*\*\n\n```\w+\n(.*?)^```$", re.S | re.M)


def files_of(page: str) -> dict[str, str]:
    """The files that a page shows whole: a bold path, then a block."""
    return dict(_FILE.findall(page))


def follow(page: str, copy: Copy) -> list[str]:
    """Write the page's files, run its commands; where something differs from what it shows."""
    for path, content in files_of(page).items():
        (copy.root / path).parent.mkdir(parents=True, exist_ok=True)
        (copy.root / path).write_text(content, encoding="utf-8")
    wrong = []
    for block, below in pairwise([*documents.blocks(page), documents.Block("", "", 0)]):
        if block.language != "sh":
            continue
        commands = block.text.strip().splitlines()
        ran = [copy.run(command) for command in commands]
        wrong += [
            f"line {block.line}: {command} ended with {run.returncode}: {run.stdout}{run.stderr}"
            for command, run in zip(commands, ran, strict=True)
            if run.returncode
        ]
        if below.language == "text" and documents.plain(ran[-1].stdout) != documents.plain(
            below.text
        ):
            wrong.append(f"line {below.line}: shown otherwise:\n{ran[-1].stdout}")
    return wrong


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Copy, list[str]]:
    copy = copied_project(tmp_path_factory.mktemp("new_system"))
    return copy, follow(PAGE, copy)


def test_who_follows_the_page_gets_what_it_shows(followed):
    copy, wrong = followed
    assert wrong == []
    assert (copy.root / "data/published/marts.duckdb").exists()


def test_a_command_that_fails_and_an_answer_that_differs_are_noticed(followed):
    copy, _ = followed
    query = '.venv/bin/crm query "select 1 as one from core.dim_dates limit 1"'
    page = (
        f"```sh\n{query}\n```\n\n```text\nsomething else\n```\n\n```sh\n.venv/bin/crm biuld\n```\n"
    )
    differs, failed = follow(page, copy)
    assert differs.startswith("line 5: shown otherwise:")
    assert failed.startswith("line 9: .venv/bin/crm biuld ended with 2")


def test_the_page_shows_the_two_files_of_a_system_a_file_to_drop_and_the_switch():
    assert list(files_of(PAGE)) == [
        "data/landing/tills/receipts/receipts-2024-05.csv",
        "models/staging/tills/_tills.yml",
        "models/staging/tills/stg_tills__receipts.sql",
        "crm.toml",
    ]
    commands = [block.text for block in documents.blocks(PAGE) if block.language == "sh"]
    assert sum(text.count("crm build") for text in commands) == 1


def test_the_contract_of_the_new_system_is_read_as_the_page_says(followed):
    copy, _ = followed
    settings = Settings(home=copy.root / "data", systems=("tills",))
    assert load_systems(settings, copy.root)["tills"].time_zone == "Europe/Berlin"
    [table] = load_tables(settings, copy.root).values()
    assert (table.name, table.feed) == ("receipts", "transactions")
    assert table.dialect == Dialect(delimiter=";")


def test_the_keys_are_those_that_may_be_declared():
    [keys, _] = documents.tables(PAGE)
    told = {row[0].strip("`"): row[1] for row in keys}
    assert set(told) == SYSTEM_KEYS | TABLE_KEYS
    where = dict.fromkeys(SYSTEM_KEYS & TABLE_KEYS, "both")
    where |= dict.fromkeys(SYSTEM_KEYS - TABLE_KEYS, "system")
    where |= dict.fromkeys(TABLE_KEYS - SYSTEM_KEYS, "table")
    assert told == where


def test_the_systems_and_their_folders_are_those_that_come_with_the_project():
    [_, listed] = documents.tables(PAGE)
    told = {row[0].strip("`"): set(documents.spans(row[1])) for row in listed}
    there: dict[str, set[str]] = {}
    for system, name in load_tables(Settings()):
        there.setdefault(system, set()).add(name)
    del there["standard"], told["standard"]
    assert told == there


def test_links_commands_and_paths_of_the_page_exist():
    commands = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in typer.main.get_command(app).commands.items()
    }
    assert documents.dead_links(DOCUMENT, PAGE, PROJECT_ROOT) == []
    assert documents.missing_paths(PAGE, PROJECT_ROOT) == []
    assert documents.unknown_commands(PAGE, commands) == []
