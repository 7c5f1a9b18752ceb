"""The contracts of feeds and the declarations of systems, read from the models' own YAML.

`models/feeds/_feeds.yml` is the one home of every feed's contract and
`models/staging/<system>/_<system>.yml` of what a system declares. This module only reads them; the
casting and judging of rows that follow from them are SQL (`macros/feeds/`).
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crm.errors import CrmError
from crm.settings import PROJECT_ROOT, Settings


class ContractError(CrmError):
    """A feed's or system's YAML that cannot be used."""


@dataclass(frozen=True)
class Column:
    """One column of a feed or of a system's table."""

    name: str
    data_type: str = "string"
    is_required: bool = False
    pii: str | None = None


@dataclass(frozen=True)
class Feed:
    """The input contract of one feed."""

    name: str
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

    def __post_init__(self) -> None:
        """Refuse what no file can be written in. Raises `ContractError`."""
        for name in ("delimiter", "quote", "escape"):
            if len(getattr(self, name)) != 1:
                raise ContractError(
                    f"The dialect's {name} is {getattr(self, name)!r}.", fix="It is one character."
                )
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise ContractError(
                f"The dialect's encoding is {self.encoding!r}, which is unknown.",
                fix="Use a name that Python knows, such as utf-8, latin-1 or gb18030.",
            ) from error


@dataclass(frozen=True)
class SourceTable:
    """One feed of one system: where its files land, what they hold, how they are written."""

    system: str
    feed: str
    columns: tuple[Column, ...]
    require_one_of: tuple[tuple[str, ...], ...]
    dialect: Dialect
    file_sequence: re.Pattern[str] | None
    late_after_hours: float | None

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


def load_feeds(root: Path = PROJECT_ROOT) -> dict[str, Feed]:
    """Every feed's contract by name."""
    feeds = {}
    for model in _read(root / "models/feeds/_feeds.yml")["models"]:
        meta = model.get("config", {}).get("meta", {})
        if "natural_key" in meta:
            feeds[model["name"]] = Feed(
                name=model["name"],
                columns=tuple(_column(column) for column in model["columns"]),
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
    """Every table of the switched-on systems by (system, feed)."""
    return {
        (table.system, table.feed): table
        for system in load_systems(settings, root).values()
        for table in system.tables
    }


def switched_off_systems(settings: Settings, root: Path = PROJECT_ROOT) -> list[str]:
    """The systems that have a folder and are not switched on."""
    return [name for name in _folders(root) if name not in load_systems(settings, root)]


def _folders(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "models/staging").iterdir() if path.is_dir())


def _system(name: str, feeds: dict[str, Feed], root: Path) -> System:
    file = root / f"models/staging/{name}/_{name}.yml"
    source = _read(file)["sources"][0]
    meta = source.get("config", {}).get("meta", {})
    tables = []
    for table in source["tables"]:
        feed = feeds.get(table["name"])
        if feed is None:
            raise ContractError(
                f"{file.name} declares the table '{table['name']}', which is no feed.",
                fix=f"Feeds are: {', '.join(feeds)}.",
            )
        settings = {**meta, **table.get("config", {}).get("meta", {})}
        own = tuple(_column(column) for column in table.get("columns", []))
        pattern = settings.get("file_sequence")
        tables.append(
            SourceTable(
                system=name,
                feed=feed.name,
                columns=own or feed.columns,
                require_one_of=() if own else feed.require_one_of,
                dialect=Dialect(**settings.get("dialect", {})),
                file_sequence=re.compile(pattern) if pattern else None,
                late_after_hours=settings.get("late_after_hours"),
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
    )


def _column(column: dict[str, Any]) -> Column:
    meta = column.get("config", {}).get("meta", {})
    return Column(
        name=column["name"],
        data_type=column.get("data_type", "string"),
        is_required=meta.get("required", False),
        pii=meta.get("pii"),
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
