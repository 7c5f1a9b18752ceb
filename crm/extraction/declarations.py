"""What a system declares of its database, and a table of how it is extracted.

Checked as it is read from YAML (`contracts.py`). Opening a database is `databases.py`'s business.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.errors import CrmError

KINDS = ("postgres", "mysql", "sqlite")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_OVERLAP = re.compile(r"(\d{1,5}) (second|minute|hour|day)s?")


class DeclarationError(CrmError):
    """A database or an extraction that is not declared as it must be."""


@dataclass(frozen=True)
class Database:
    """The database of a system: which kind, and the environment variable that holds its URL."""

    kind: str
    url_variable: str

    def __post_init__(self) -> None:
        """Refuse what cannot be. Raises `DeclarationError`."""
        if self.kind not in KINDS:
            raise DeclarationError(
                f"The database's kind is {self.kind!r}.", fix=f"It is one of {', '.join(KINDS)}."
            )
        # `CRM_` is the prefix of settings, where an unknown name is an error.
        if not _NAME.fullmatch(str(self.url_variable)) or self.url_variable.startswith("CRM_"):
            raise DeclarationError(
                "The database's url_variable is no name of an environment variable.",
                fix="Give the variable's name, such as SHOP_DATABASE_URL, and never the URL; "
                "names that begin with CRM_ are the settings'.",
            )

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Database:
        """From a source's `database: {kind: …, url_variable: …}`. Raises `DeclarationError`."""
        return cls(**_only(meta, "database", ("kind", "url_variable")))


@dataclass(frozen=True)
class Extraction:
    """Which table is extracted and by which column it is known what is new.

    `overlap` is read again each time, since rows commit late: a duration for a cursor of dates or
    times, a number for one of integers.
    """

    relation: tuple[str, ...]
    cursor: str
    overlap: int | dt.timedelta

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Extraction:
        """From a table's `extract: {from: …, cursor: …, overlap: …}`. Raises `DeclarationError`."""
        given = _only(meta, "extract", ("from", "cursor", "overlap"))
        relation = tuple(str(given["from"]).split("."))
        names = (*relation, str(given["cursor"]))
        if len(relation) > 2 or not all(_NAME.fullmatch(name) for name in names):
            raise DeclarationError(
                f"A table is extracted from {given['from']!r} by {given['cursor']!r}.",
                fix="Names are letters, digits and underscores: 'table' or 'schema.table', and one "
                "column. For others, make a view in the database.",
            )
        return cls(relation, str(given["cursor"]), _overlap(given["overlap"]))


def _only(meta: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(meta, Mapping) or set(meta) != set(keys):
        raise DeclarationError(
            f"'{name}' is not declared as it must be.",
            fix=f"It has the keys {', '.join(keys)}, all of them and no others.",
        )
    return dict(meta)


def _overlap(given: object) -> int | dt.timedelta:
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    match = _OVERLAP.fullmatch(str(given))
    if match is None:
        raise DeclarationError(
            f"The overlap of an extraction is {given!r}.",
            fix="Give a duration, such as '5 minutes', or for a cursor of integers a number.",
        )
    return dt.timedelta(seconds=int(match[1]) * _UNITS[match[2]])
