"""How a system's database is opened, and how its errors are told: never with its URL.

Read-only, through DuckDB's own scanners; nothing is fetched from the network to do so. What is
asked of a database is `database_sql.py`'s business, what becomes of its rows `extraction.py`'s.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb

from crm.contracts import SourceTable, System
from crm.errors import CrmError
from crm.extraction.declarations import Database, Extraction
from crm.readers.reading import literal

SCHEMES = {"postgres": ("postgresql", "postgres"), "mysql": ("mysql",), "sqlite": ("sqlite", "")}
CONNECT_SECONDS = 10
LONGEST_REASON = 300
# What scanners say of a failure, by a part of it; the rest of their texts may hold the URL.
_CAUSES = (
    ("password authentication failed", "refuses the user or the password"),
    ("Access denied", "refuses the user, the password or the database's name"),
    ("no password supplied", "asks for a password"),
    ("does not exist", "has no such database or user"),
    ("Unknown database", "has no such database"),
    ("no pg_hba.conf entry", "does not let this machine in"),
    ("SSL", "and this machine do not agree on encryption"),
    ("could not translate host name", "is not known by its host name"),
    ("Unknown server host", "is not known by its host name"),
    ("Unknown MySQL server host", "is not known by its host name"),
    ("timeout expired", f"does not answer within {CONNECT_SECONDS} seconds"),
    ("Connection refused", "does not answer"),
    ("No such file or directory", "does not answer"),
    ("Can't connect", "does not answer"),
    ("unable to open database file", "is no file that can be opened"),
    ("file is not a database", "is a file, but no SQLite database"),
)
_QUESTIONS = {
    "postgres": "select 1",
    "mysql": "select 1",
    "sqlite": "select count(*) from sqlite_master",
}
_SESSION = {
    "postgres": (),
    "mysql": (
        "set mysql_session_time_zone = '+00:00'",
        "set mysql_tinyint1_as_boolean = false",  # a tinyint(1) may well hold a 5
        "set mysql_query_timeout_enabled = false",  # a first extraction may take its time
    ),
    "sqlite": (),
}


class DatabaseError(CrmError):
    """A database that cannot be opened or read. Never says its URL."""


@dataclass(frozen=True)
class Source:
    """A declared table and the database that it is extracted from.

    `time_zone` is what the system's times without a zone mean.
    """

    declared: SourceTable
    time_zone: str
    database: Database
    extraction: Extraction

    @property
    def system(self) -> str:
        """The system's name, as of its folder in the landing folder."""
        return self.declared.system

    @property
    def table(self) -> str:
        """The table's name, as of its folder in the landing folder."""
        return self.declared.name


def sources(systems: Mapping[str, System]) -> list[Source]:
    """Every table of the systems that is extracted from a database."""
    return [
        Source(table, system.time_zone, system.database, table.extraction)
        for system in systems.values()
        for table in system.tables
        if system.database is not None and table.extraction is not None
    ]


def open_database(connection: duckdb.DuckDBPyConnection, database: Database) -> None:
    """Attach `database` to `connection` as `source`, read-only.

    Raises `DatabaseError` where its variable is not set or it cannot be reached.
    """
    url = _url(database)
    for statement in (_load(connection, database.kind), *_SESSION[database.kind]):
        connection.execute(statement)
    try:
        connection.execute(
            f"attach {literal(_target(url, database.kind))} as source "
            f"(type {database.kind}, read_only)"
        )
        # Some are opened no sooner than something is asked of them.
        asked = f"{database.kind}_query('source', {literal(_QUESTIONS[database.kind])})"
        connection.execute(f"select * from {asked}").fetchall()
        said = None
    except duckdb.Error as error:
        said = str(error)
    if said is not None:  # raised here, where no traceback can lead back to the scanner's own text
        found = next((says for part, says in _CAUSES if part in said), "cannot be opened")
        raise DatabaseError(
            f"The {database.kind} database that {database.url_variable} leads to {found}.",
            fix=f"See that the database runs, and that {database.url_variable} has its address, "
            "user and password.",
        )


def reached(database: Database) -> str:
    """Says that `database` answers. Raises `DatabaseError` where it does not."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as connection:
        open_database(connection, database)
    return f"the {database.kind} database of {database.url_variable} answers"


def scrubbed(said: str, database: Database) -> str:
    """The first line of what a scanner said, without anything of the database's URL."""
    url = os.environ.get(database.url_variable, "")
    parts = urlsplit(url)
    secrets = {url, _target(url, database.kind), parts.netloc, parts.password, parts.query}
    secrets |= {value for _, value in parse_qsl(parts.query)}
    line = said.split("\n", 1)[0]
    known = {text for secret in secrets if secret for text in (secret, unquote(secret))}
    for secret in sorted(known, key=len, reverse=True):
        line = line.replace(secret, "…")
    return line[:LONGEST_REASON]


def _url(database: Database) -> str:
    url = os.environ.get(database.url_variable, "")
    if not url:
        raise DatabaseError(
            f"The environment variable {database.url_variable} is not set.",
            fix="Set it to the database's URL where the build runs.",
        )
    schemes = SCHEMES[database.kind]
    if (url.split("://")[0] if "://" in url else "") not in schemes:
        raise DatabaseError(
            f"{database.url_variable} holds no URL of a {database.kind} database.",
            fix="Begin it with sqlite:/// or give a path."
            if database.kind == "sqlite"
            else f"Begin it with {schemes[0]}://.",
        )
    return url


def _target(url: str, kind: str) -> str:
    if kind == "sqlite":
        return str(Path(url.removeprefix("sqlite:///")).absolute())
    if kind == "postgres" and "connect_timeout=" not in url:
        return f"{url}{'&' if '?' in url else '?'}connect_timeout={CONNECT_SECONDS}"
    return url


def _load(connection: duckdb.DuckDBPyConnection, kind: str) -> str:
    package = importlib.util.find_spec(f"duckdb_extension_{kind}_scanner")
    folders = (package.submodule_search_locations or []) if package else []
    name = f"extensions/v{duckdb.__version__}/{kind}_scanner.duckdb_extension"
    for file in (Path(folder) / name for folder in folders):
        if file.exists():
            return f"load {literal(str(file))}"
    raise DatabaseError(
        f"DuckDB's extension for {kind} is not installed.",
        fix=f"Install duckdb-extension-{kind}-scanner=={duckdb.__version__}.",
    )
