"""The contracts of feeds and the declarations of systems, read from the models' own YAML.

`models/feeds/_<feed>.yml` is the one home of a feed's contract and
`models/staging/<system>/_<system>.yml` of what a system declares. This module only reads them; the
casting and judging of rows that follow from them are SQL (`macros/feeds/`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from crm.errors import CrmError
from crm.extraction.declarations import Database, DeclarationError, Extraction
from crm.settings import PROJECT_ROOT, Settings

FEED_KEYS = frozenset({"grain", "natural_key", "version", "replaces", "require_one_of", "amount"})
COLUMN_KEYS = frozenset(
    {"required", "min", "max", "pattern", "allowed_from", "in_time", "business_day", "pii"}
)
TABLE_KEYS = frozenset(
    {
        "feed",
        "file_sequence",
        "dialect",
        "null_tokens",
        "decimal_mark",
        "group_mark",
        "date_formats",
        "late_after_hours",
        "extract",
    }
)
SYSTEM_KEYS = (TABLE_KEYS - {"feed", "extract"}) | {
    "time_zone",
    "business_unit",
    "trust_rank",
    "history_starts_on",
    "database",
}
# Names become those of views: nothing in them may need a quote.
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "business_unit": (str, "a text"),
    "trust_rank": (int, "a whole number"),
    "history_starts_on": (dt.date, "a date such as 2020-01-31, without quotes"),
    "late_after_hours": ((int, float), "a number of hours"),
    "file_sequence": (str, "a regular expression"),
    "dialect": (dict, "a map, such as {delimiter: ';'}"),
    "null_tokens": (list, "a list of texts"),
    "date_formats": (list, "a list of formats"),
}


class ContractError(CrmError):
    """A feed's or system's YAML that cannot be used."""


@dataclass(frozen=True)
class Column:
    """One column of a feed or of a system's table."""

    name: str
    data_type: str = "string"
    is_required: bool = False
    pii: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Feed:
    """The input contract of one feed."""

    name: str
    description: str
    columns: tuple[Column, ...]
    natural_key: tuple[str, ...]
    require_one_of: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Dialect:
    """How a system writes its text files. Never guessed."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"
    sheet: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no file can be written in. Raises `ContractError`."""
        for name in ("delimiter", "quote", "escape"):
            if not isinstance(getattr(self, name), str) or len(getattr(self, name)) != 1:
                raise ContractError(
                    f"The dialect's {name} is {getattr(self, name)!r}.", fix="It is one character."
                )
        try:
            "".encode(self.encoding)
        except (LookupError, TypeError) as error:
            raise ContractError(
                f"The dialect's encoding is {self.encoding!r}, which is unknown.",
                fix="Use a name that Python knows, such as utf-8, latin-1 or gb18030.",
            ) from error


@dataclass(frozen=True)
class SourceTable:
    """One table of one system: where its files land, what they hold, how they are written.

    `name` is the folder `landing/<system>/<name>/`, `feed` what its rows are.
    """

    system: str
    name: str
    feed: str
    columns: tuple[Column, ...]
    require_one_of: tuple[tuple[str, ...], ...]
    dialect: Dialect
    file_sequence: re.Pattern[str] | None
    late_after_hours: float | None
    extraction: Extraction | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which a file is refused."""
        return tuple(column.name for column in self.columns if column.is_required)


@dataclass(frozen=True)
class System:
    """A source system as its folder declares it."""

    name: str
    time_zone: str
    business_unit: str
    trust_rank: int
    history_starts_on: dt.date | None
    tables: tuple[SourceTable, ...]
    database: Database | None = None


def load_feeds(root: Path = PROJECT_ROOT) -> dict[str, Feed]:
    """Every feed's contract by name."""
    feeds = {}
    for file in sorted((root / "models/feeds").glob("_*.yml")):
        for model in _read(file)["models"]:
            meta = _meta(model, FEED_KEYS, f"{file.name}: {model['name']}")
            feeds[model["name"]] = Feed(
                name=model["name"],
                description=" ".join(model["description"].split()),
                columns=tuple(_column(column, file) for column in model["columns"]),
                natural_key=tuple(meta["natural_key"]),
                require_one_of=tuple(tuple(group) for group in meta.get("require_one_of", [])),
            )
    return feeds


def load_systems(settings: Settings, root: Path = PROJECT_ROOT) -> dict[str, System]:
    """The switched-on systems by name.

    Raises `ContractError` when the settings switch on a system that has no folder.
    """
    folders = _folders(root)
    wanted = folders if settings.systems is None else list(settings.systems)
    for name in wanted:
        if name not in folders:
            raise ContractError(
                f"The settings switch on the system '{name}', which has no folder.",
                fix=f"Create models/staging/{name}/ or choose among: {', '.join(folders)}.",
            )
    feeds = load_feeds(root)
    return {name: _system(name, feeds, root) for name in wanted}


def load_tables(
    settings: Settings, root: Path = PROJECT_ROOT
) -> dict[tuple[str, str], SourceTable]:
    """Every table of the switched-on systems by (system, name)."""
    return {
        (table.system, table.name): table
        for system in load_systems(settings, root).values()
        for table in system.tables
    }


def switched_off_systems(settings: Settings, root: Path = PROJECT_ROOT) -> list[str]:
    """The systems that have a folder and are not switched on."""
    return [name for name in _folders(root) if name not in load_systems(settings, root)]


def _folders(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "models/staging").iterdir() if path.is_dir())


def _system(name: str, feeds: dict[str, Feed], root: Path) -> System:
    if not _NAME.fullmatch(name):
        raise ContractError(
            f"The folder models/staging/{name} has a name that no table can have.",
            fix="Use small letters, digits and underscores, a letter first.",
        )
    file = root / f"models/staging/{name}/_{name}.yml"
    source = _read(file)["sources"][0]
    meta = _meta(source, SYSTEM_KEYS, f"{file.name}: {name}")
    for key in ("time_zone", "business_unit", "trust_rank"):
        if key not in meta:
            raise ContractError(f"{file.name} declares no {key}.", fix="Every system has one.")
    if meta["time_zone"] not in zoneinfo.available_timezones():
        raise ContractError(
            f"{file.name}: the time zone '{meta['time_zone']}' is unknown.",
            fix="Use a name of the tz database, such as Europe/London.",
        )
    tables = []
    for table in source["tables"]:
        own_meta = _meta(table, TABLE_KEYS, f"{file.name}: {table['name']}")
        if not _NAME.fullmatch(table["name"]):
            raise ContractError(
                f"{file.name} declares the table '{table['name']}', a name that none can have.",
                fix="Use small letters, digits and underscores, a letter first.",
            )
        carried = own_meta.get("feed", table["name"])
        feed = feeds.get(carried)
        if feed is None:
            raise ContractError(
                f"{file.name} declares the table '{table['name']}' of the feed '{carried}', "
                "which does not exist.",
                fix=f"Say which feed its rows are with meta `feed`. Feeds are: {', '.join(feeds)}.",
            )
        settings = {**meta, **own_meta}
        _judge_kinds(settings, f"{file.name}: {table['name']}")
        _judge_value_formats(settings, f"{file.name}: {table['name']}")
        own = tuple(_column(column, file) for column in table.get("columns", []))
        pattern = settings.get("file_sequence")
        tables.append(
            SourceTable(
                system=name,
                name=table["name"],
                feed=feed.name,
                columns=own or feed.columns,
                require_one_of=() if own else feed.require_one_of,
                dialect=_dialect(settings.get("dialect", {}), file.name),
                file_sequence=re.compile(pattern) if pattern else None,
                late_after_hours=settings.get("late_after_hours"),
                extraction=_extraction(own_meta, meta, f"{file.name}: {table['name']}"),
            )
        )
    starts = meta.get("history_starts_on")
    return System(
        name=name,
        time_zone=meta["time_zone"],
        business_unit=meta["business_unit"],
        trust_rank=meta["trust_rank"],
        history_starts_on=starts,
        tables=tuple(tables),
        database=_database(meta, file.name),
    )


def _database(meta: dict[str, Any], where: str) -> Database | None:
    if "database" not in meta:
        return None
    try:
        return Database.from_meta(meta["database"])
    except DeclarationError as error:
        raise ContractError(f"{where}: {error.cause}", fix=error.fix) from error


def _extraction(table: dict[str, Any], system: dict[str, Any], where: str) -> Extraction | None:
    """How a table is extracted. A rank from a file's name says nothing of files made here."""
    if "extract" not in table:
        return None
    if "database" not in system:
        raise ContractError(
            f"{where} is extracted, and its system declares no database.",
            fix="Declare `database` with its kind and url_variable in the source's meta.",
        )
    if "file_sequence" in {**system, **table}:
        raise ContractError(
            f"{where} is extracted and has a file_sequence.",
            fix="Leave out one of them: extracted files are named and ranked by their time.",
        )
    try:
        return Extraction.from_meta(table["extract"])
    except DeclarationError as error:
        raise ContractError(f"{where}: {error.cause}", fix=error.fix) from error


def _dialect(declared: dict[str, Any], where: str) -> Dialect:
    known = {field.name for field in fields(Dialect)}
    for key in declared:
        if key not in known:
            raise _unknown(f"{where}: dialect", key, known)
    return Dialect(**declared)


def _judge_kinds(declared: dict[str, Any], where: str) -> None:
    """Refuse values of a wrong kind: YAML takes `no` and `5` for what they look like."""
    for key, value in declared.items():
        kind, told = _KINDS.get(key, (object, ""))
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ContractError(f"{where}: {key} is {value!r}.", fix=f"It must be {told}.")
    if declared.get("late_after_hours", 1) <= 0:
        raise ContractError(
            f"{where}: late_after_hours is {declared['late_after_hours']}.",
            fix="It must be more than 0, or be left out.",
        )
    for token in declared.get("null_tokens", []):
        if not isinstance(token, str):
            raise ContractError(
                f"{where}: the null token {token!r} is no text.", fix="Put it in quotes."
            )
    try:
        re.compile(declared.get("file_sequence", ""))
    except re.error as error:
        raise ContractError(
            f"{where}: file_sequence {declared['file_sequence']!r} is no regular expression: "
            f"{error}.",
            fix="Mend the pattern; it finds the digits that order the files.",
        ) from error


def _judge_value_formats(declared: dict[str, Any], where: str) -> None:
    """Refuse ways of writing values that cannot be told apart."""
    decimal, group = declared.get("decimal_mark", "."), declared.get("group_mark", "")
    if decimal not in (".", ",") or group not in ("", ".", ",", " ", "'") or decimal == group:
        raise ContractError(
            f"{where}: decimal_mark {decimal!r} with group_mark {group!r} can tell no number.",
            fix="The decimal mark is . or , and the group mark another of . , ' or a blank.",
        )
    for pattern in declared.get("date_formats", ["iso"]):
        if pattern not in ("iso", "epoch_seconds", "epoch_milliseconds") and "%" not in pattern:
            raise ContractError(
                f"{where}: '{pattern}' is no date format.",
                fix="Use iso, epoch_seconds, epoch_milliseconds or a pattern such as %d/%m/%Y.",
            )


def _meta(declared: dict[str, Any], known: frozenset[str], where: str) -> dict[str, Any]:
    """What a model, source, table or column says beside its name. Unknown keys are refused."""
    meta: dict[str, Any] = declared.get("config", {}).get("meta", {})
    for key in meta:
        if key not in known:
            raise _unknown(where, key, known)
    return meta


def _unknown(where: str, key: str, known: Iterable[str]) -> ContractError:
    near = difflib.get_close_matches(key, known, n=1)
    return ContractError(
        f"{where}: '{key}' means nothing here.",
        fix=f"Did you mean '{near[0]}'?" if near else f"Known are: {', '.join(sorted(known))}.",
    )


def _column(column: dict[str, Any], file: Path) -> Column:
    meta = _meta(column, COLUMN_KEYS, f"{file.name}: {column['name']}")
    return Column(
        name=column["name"],
        data_type=column.get("data_type", "string"),
        is_required=meta.get("required", False),
        pii=meta.get("pii"),
        description=" ".join(column.get("description", "").split()),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContractError(
            f"{file} is missing.", fix="Every system and feed declares itself there."
        ) from error
    except yaml.YAMLError as error:
        raise ContractError(
            f"{file} is not valid YAML: {error}", fix="Mend the line it names."
        ) from error
    return content
