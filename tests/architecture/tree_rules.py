"""The house rules of the tree as text: who imports whom, what no file may say.

As in `model_rules.py`, a rule returns one sentence per breach. Style and types are ruff's and
mypy's business, SQL's portability `portable_sql.py`'s.
"""

from __future__ import annotations

import ast
import csv
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# Where Python may name a model, and why.
NAMES_A_MODEL: Mapping[tuple[str, str], str] = {
    (
        "crm/lake/raw_views.py",
        "clock",
    ): "what a version is stamped with is what its build says it rests on",
    ("crm/checks/door.py", "door_limits"): "reads the seed's file itself, before anything is built",
    ("crm/checks/plausibility.py", "publish_limits"): "the same",
    ("crm/operation/status.py", "loads"): "shows the loads to a person",
    ("crm/operation/status.py", "quarantined_rows"): "shows a person what was held back",
    ("crm/lake/raw_views.py", "customer_merges"): "the log goes on from what was published last",
    ("orchestration/backfill.py", "dim_dates"): "which months there are to be made anew",
    ("crm/lake/raw_views.py", "rfm_customer_months"): "what readers have seen, to be compared with",
    **{
        ("crm/identity/benchmarks.py", seed): "measures with the seeds' files, without a build"
        for seed in (
            "customer_links",
            "identity_settings",
            "match_benchmarks",
            "match_rules",
            "match_settings",
            "match_weights",
        )
    },
    ("crm/operation/model_state.py", "arrived_loads"): "of which a feed sees its own part alone",
    ("crm/identity/matching.py", "customer_records"): "says whose rows it takes",
    ("crm/identity/matching.py", "match_weights"): "an error names the seed to be made anew",
    ("crm/identity/training.py", "match_weights"): "writes the seed's file",
}
ORCHESTRATORS = re.compile(r"(dagster|dbt)(\W|_|$)")
SECOND_CLOCK = re.compile(
    r"\b(now|today|getdate|sysdate|current_date|current_timestamp|localtimestamp|get_current_timestamp"
    r"|run_started_at|current_timestamp_in_utc)\b(?!\s*:)|modules\.datetime",
    re.IGNORECASE,
)
# `ignore_errors` of a folder that is removed is something else.
LENIENT_READING = re.compile(
    r"^(?!.*rmtree).*?(strict_mode\s*=\s*false|(ignore_errors|null_padding)\s*=\s*true)",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.}*])/(home|root|Users|work|mnt|tmp)/[\w.]")
REGISTRY = re.compile(
    r"(?<!--no-emit)(--(extra-)?index-url|--registry|python[h]osted|pypi(?!nyin)|npmjs)",
    re.IGNORECASE,
)
INVENTED_PATHS = {"tests/publishing/test_locking.py": "tells mounts apart by their longest prefix"}


def imports(source: str) -> Iterator[str]:
    """The modules that a Python source imports anywhere, also within functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield ast.literal_eval(node.args[0])


def business_code_knows_no_framework(sources: Mapping[str, str]) -> list[str]:
    """Nothing in crm/ imports Dagster or dbt; only the command starts what does."""
    return [
        f"{file} imports {module}"
        for file, source in sources.items()
        if file.startswith("crm/")
        for module in imports(source)
        if ORCHESTRATORS.match(module)
        or (module.split(".")[0] == "orchestration" and file != "crm/cli.py")
    ]


def modules_say_what_they_are_for(sources: Mapping[str, str]) -> list[str]:
    """A module opens with its purpose."""
    return [
        f"{file} opens with no docstring"
        for file, source in sources.items()
        if not (ast.get_docstring(ast.parse(source)) or "").strip()
    ]


def python_names_no_model(
    sources: Mapping[str, str], models: Mapping[str, str], allowed: Iterable[tuple[str, str]]
) -> list[str]:
    """No text in Python holds `<schema>.<model>` or a model's name that cannot be a plain word.

    `models` is the schema of each model by its name. What is allowed and not there any more is a
    breach too: the list shrinks.
    """
    found = {
        (file, name)
        for file, source in sources.items()
        for text in _texts(source)
        for name, schema in models.items()
        if re.search(rf"\b{schema}\.{name}\b", text)
        or (name.count("_") and re.search(rf"\b{name}\b", text))
    }
    return [f"{file} names the model {name}" for file, name in sorted(found - set(allowed))] + [
        f"{file} is allowed to name {name} and does not"
        for file, name in sorted(set(allowed) - found)
    ]


def there_is_one_clock(sources: Mapping[str, str]) -> list[str]:
    """No SQL reads the system's date."""
    stripped = {file: without_comments(source) for file, source in sources.items()}
    return _lines(stripped, SECOND_CLOCK, "reads a clock of its own")


def csv_is_read_strictly(sources: Mapping[str, str]) -> list[str]:
    """DuckDB's lenient readings drop columns and rows without a word."""
    return _lines(sources, LENIENT_READING, "reads leniently")


def no_machine_is_named(sources: Mapping[str, str], invented: Iterable[str]) -> list[str]:
    """No absolute path of somebody's machine and no address of a registry."""
    real = {file: text for file, text in sources.items() if file not in invented}
    return _lines(real, MACHINE_PATH, "has a path of a machine") + _lines(
        sources, REGISTRY, "has a registry's address"
    )


def lock_is_whole(lock: str, wanted: str) -> list[str]:
    """All that is locked is pinned, hashed and from no address; all that is wanted is locked."""
    breaches, locked = [], {}
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        requirement = entry.split()[0]
        name, _, version = requirement.partition("==")
        locked[_plain(name)] = version
        breaches += [f"{requirement} has no hash"] * ("--hash=sha256:" not in entry)
        breaches += [f"{name} is not pinned"] * (not version)
        breaches += [f"{name} comes from an address"] * ("://" in entry)
    for line in wanted.splitlines():
        name, _, version = line.partition("#")[0].strip().partition("==")
        if name and _plain(name) not in locked:
            breaches.append(f"{name} is wanted and not locked")
        elif version and locked[_plain(name)] != version:
            breaches.append(f"{name} is wanted as {version} and locked as {locked[_plain(name)]}")
    return breaches


def without_comments(sql: str) -> str:
    """SQL and Jinja without their comments, line by line."""
    kept = re.sub(r"\{#.*?#\}", lambda comment: "\n" * comment[0].count("\n"), sql, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", kept)


def tracked_texts(root: Path) -> dict[str, str]:
    """Every text file of the repository by its path, also what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    texts = {}
    for name in filter(None, listed.split("\0")):
        file = root / name
        if file.is_file() and b"\0" not in (content := file.read_bytes()):
            texts[name] = content.decode("utf-8")
    return texts


def below(texts: Mapping[str, str], *folders: str, suffix: str) -> dict[str, str]:
    """The files of some folders with one ending."""
    return {
        name: text
        for name, text in texts.items()
        if name.endswith(suffix) and name.startswith(tuple(f"{folder}/" for folder in folders))
    }


def header(text: str) -> list[str]:
    """The column names of a CSV text."""
    return next(csv.reader(text.splitlines()))


def _texts(source: str) -> Iterator[str]:
    """The strings of a Python source that are no docstrings."""
    tree = ast.parse(source)
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in remarks
        ):
            yield node.value


def _lines(sources: Mapping[str, str], wrong: re.Pattern[str], says: str) -> list[str]:
    return [
        f"{file}:{number} {says}: {found[0]}"
        for file, source in sources.items()
        for number, line in enumerate(source.splitlines(), start=1)
        if (found := wrong.search(line))
    ]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.split("[")[0]).lower()
