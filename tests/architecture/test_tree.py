from __future__ import annotations

from pathlib import Path
from typing import Any

import model_rules
import pytest
import tree_rules as rules

ROOT = Path(__file__).resolve().parents[2]
LOCKED = "dbt-core==1.11.16 \\\n    --hash=sha256:ab\npyarrow==26.0.1 \\\n    --hash=sha256:cd\n"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return rules.tracked_texts(ROOT)


@pytest.fixture(scope="module")
def python(texts: dict[str, str]) -> dict[str, str]:
    found = rules.below(texts, "crm", "orchestration", suffix=".py")
    assert {"crm/settings.py", "orchestration/definitions.py"} <= set(found)
    return found


@pytest.fixture(scope="module")
def sql(texts: dict[str, str]) -> dict[str, str]:
    found = rules.below(texts, "models", "macros", "tests/dbt", suffix=".sql")
    assert {"models/core/fct_orders.sql", "macros/money.sql"} <= set(found)
    return found


def schemas(manifest: dict[str, Any]) -> dict[str, str]:
    """Schema by name of every model and seed; feeds are left out, whose names are contracts'."""
    nodes = [*model_rules.models(manifest), *model_rules.seeds(manifest)]
    return {n["name"]: n["schema"] for n in nodes if n["name"] not in model_rules.feeds(manifest)}


def test_business_code_knows_no_framework(python: dict[str, str]) -> None:
    assert rules.business_code_knows_no_framework(python) == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import dagster as dg", "dagster"),
        ("def late():\n    from dbt.cli import main", "dbt.cli"),
        ("import dagster_dbt", "dagster_dbt"),
        ("importlib.import_module('dbt')", "dbt"),
        ("from orchestration import jobs", "orchestration"),
    ],
)
def test_an_import_of_a_framework_is_found_wherever_it_hides(source: str, module: str) -> None:
    assert rules.business_code_knows_no_framework(
        {"crm/lake/ingestion.py": source, "orchestration/x.py": source}
    ) == [f"crm/lake/ingestion.py imports {module}"]


def test_modules_say_what_they_are_for(python: dict[str, str]) -> None:
    assert rules.modules_say_what_they_are_for(python) == []


def test_a_module_without_a_docstring_is_found() -> None:
    sources = {"crm/a.py": "import os\n", "crm/b.py": '"""Loads."""\n'}
    assert rules.modules_say_what_they_are_for(sources) == ["crm/a.py opens with no docstring"]


def test_python_names_no_model(python: dict[str, str], manifest: dict[str, Any]) -> None:
    assert rules.python_names_no_model(python, schemas(manifest), rules.NAMES_A_MODEL) == []


def test_a_model_named_in_python_is_found_but_not_in_its_docstrings() -> None:
    sources = {
        "crm/a.py": '"""Reads dim_customers."""\nsql = f"select * from {db}.dim_customers"\n',
        "crm/b.py": 'a, b = "from core.clock", "at one o\'clock it loads"\n',
        "crm/c.py": 'a = "the loads"\n',
    }
    models = {"dim_customers": "core", "clock": "core", "loads": "quality"}
    assert rules.python_names_no_model(sources, models, [("crm/c.py", "loads")]) == [
        "crm/a.py names the model dim_customers",
        "crm/b.py names the model clock",
        "crm/c.py is allowed to name loads and does not",
    ]


def test_there_is_one_clock(sql: dict[str, str]) -> None:
    assert rules.there_is_one_clock(sql) == []


@pytest.mark.parametrize(
    "line",
    [
        "where ordered_on < now()",
        "select CURRENT_DATE",
        "{{ run_started_at }}",
        "{% set today = modules.datetime.date.today() %}",
    ],
)
def test_a_second_clock_is_found(line: str) -> None:
    (breach,) = rules.there_is_one_clock({"models/a.sql": f"select 1\n{line}\n"})
    assert breach.startswith("models/a.sql:2 reads a clock of its own: ")


def test_a_clock_in_a_comment_is_none() -> None:
    assert rules.there_is_one_clock({"a.sql": "-- now\n{# current_date\n now() #}\nselect 1"}) == []


def test_csv_is_read_strictly(texts: dict[str, str]) -> None:
    readers = rules.below(texts, "crm", "models", "macros", suffix="")
    assert rules.csv_is_read_strictly(readers) == []


@pytest.mark.parametrize(
    "option", ["strict_mode = false", "ignore_errors=true", "null_padding=TRUE"]
)
def test_a_lenient_reading_is_found(option: str) -> None:
    (breach,) = rules.csv_is_read_strictly({"crm/a.py": f"read_csv({option})"})
    assert breach.endswith(option)


def test_no_file_names_a_machine_or_a_registry(texts: dict[str, str]) -> None:
    own = {"tests/architecture/test_tree.py", "tests/architecture/tree_rules.py"}
    texts = {name: text for name, text in texts.items() if name not in own}
    assert rules.no_machine_is_named(texts, rules.INVENTED_PATHS) == []


@pytest.mark.parametrize(
    "line",
    [
        "path: /root/x.duckdb",
        "see '/Users/ann/crm'",
        "cd /home/ann/main",
        "--index-url https://example.com/simple",
        "https://files.python" + "hosted.org/x",
    ],
)
def test_a_machine_or_a_registry_is_found(line: str) -> None:
    (breach,) = rules.no_machine_is_named({"a.md": line}, {})
    assert breach.startswith("a.md:1 has a ")


def test_a_path_below_something_is_no_machines_path() -> None:
    lines = "$HOME/work/x {root}/tmp/a https://example.com/home/x landing/tmp/x.part"
    assert rules.no_machine_is_named({"a.md": lines}, {}) == []


@pytest.mark.parametrize("folder", ["", "bench/"])
def test_the_lock_is_whole(texts: dict[str, str], folder: str) -> None:
    lock, wanted = texts[f"{folder}requirements.lock"], texts[f"{folder}requirements.in"]
    assert rules.lock_is_whole(lock, wanted) == []


@pytest.mark.parametrize(
    ("lock", "breach"),
    [
        (LOCKED.replace(" \\\n    --hash=sha256:cd", ""), "pyarrow==26.0.1 has no hash"),
        (LOCKED.replace("==26.0.1", ""), "pyarrow is not pinned"),
        (LOCKED.replace("==26.0.1", " @ file://x"), "pyarrow comes from an address"),
        (LOCKED.replace("26.0.1", "25.0.0"), "pyarrow is wanted as 26.0.1 and locked as 25.0.0"),
        (LOCKED.replace("pyarrow", "polars"), "pyarrow is wanted and not locked"),
    ],
)
def test_a_broken_lock_is_found(lock: str, breach: str) -> None:
    wanted = "# pinned\ndbt_core\npyarrow==26.0.1\n"
    assert rules.lock_is_whole(LOCKED, wanted) == []
    assert breach in rules.lock_is_whole(lock, wanted)
