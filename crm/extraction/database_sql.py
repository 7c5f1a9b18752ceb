"""What is asked of a database, in its own SQL: which columns, which rows, as which types.

The database itself picks the rows and writes as text what DuckDB has no exact type for. Only text
is made here; who runs it is `extraction.py`.
"""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

from crm.extraction.databases import Source
from crm.extraction.declarations import Extraction
from crm.readers.reading import literal

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EARLIEST = dt.datetime(1000, 1, 1, tzinfo=dt.UTC)
_MOST_DIGITS = 38  # of DuckDB's DECIMAL


class Cursor(Enum):
    """What a cursor column counts in. Times and dates are handled as microseconds since 1970."""

    INTEGER = "integer"
    DATE = "date"
    LOCAL_TIME = "local time"
    INSTANT = "instant"


@dataclass(frozen=True)
class Asked(ABC):
    """The questions about one table, of which `columns` are (name, type) as the database says."""

    extraction: Extraction

    kind = ""
    mark = '"'

    @property
    def relation(self) -> str:
        """The table as the database writes it."""
        return ".".join(self.quoted(name) for name in self.extraction.relation)

    @property
    def cursor(self) -> str:
        """The cursor column as the database writes it."""
        return self.quoted(self.extraction.cursor)

    def quoted(self, name: str) -> str:
        """A name as an identifier."""
        return self.mark + name.replace(self.mark, 2 * self.mark) + self.mark

    def passed_on(self, sql: str) -> str:
        """DuckDB's table function that has the database itself run `sql`."""
        return f"{self.kind}_query('source', {literal(sql)})"

    def rows(self, columns: dict[str, str], since: int | None, cursor: Cursor) -> str:
        """The relation of the rows whose cursor is at least `since`; of all with a cursor."""
        chosen = ", ".join(
            f"{self.exact(self.quoted(name), kind)} as {self.quoted(name)}"
            for name, kind in columns.items()
        )
        where = self.condition(since, cursor)
        return self.passed_on(f"select {chosen} from {self.relation} where {where}")

    def condition(self, since: int | None, cursor: Cursor) -> str:
        """What is true of the rows that are extracted. A literal: only that uses an index."""
        if since is None:
            return self.usable(cursor)
        return (
            f"{self.usable(cursor)} and {self.compared(cursor)} >= {self.constant(since, cursor)}"
        )

    def unusable(self, cursor: Cursor) -> str:
        """How many rows can never be extracted, since their cursor says nothing."""
        return self.passed_on(
            f"select count(*) from {self.relation} where ({self.usable(cursor)}) is not true"
        )

    def with_nan(self, columns: dict[str, str], since: int | None, cursor: Cursor) -> str | None:
        """The relation of the columns that hold NaN, which DuckDB's DECIMAL would read as 0."""
        return None

    def usable(self, cursor: Cursor) -> str:
        """Whether a row's cursor can be compared."""
        return f"{self.cursor} is not null"

    def compared(self, cursor: Cursor) -> str:
        """The cursor in the form in which it is compared."""
        return self.cursor

    def constant(self, value: int, cursor: Cursor) -> str:
        """`value` as the database writes a constant."""
        if cursor is Cursor.INTEGER:
            return str(value)
        at = _instant(value)
        if cursor is Cursor.DATE:
            return f"date '{at.date().isoformat()}'"
        return f"timestamp '{at.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"

    @abstractmethod
    def columns(self) -> str:
        """The relation of (name, type, whether it is never null) of the columns, in order."""

    @abstractmethod
    def exact(self, name: str, kind: str) -> str:
        """The expression that reads a column of the type `kind` without losing anything."""

    @abstractmethod
    def cursor_of(self, kind: str) -> Cursor | None:
        """What a cursor of the type `kind` counts in; null where it is no cursor."""


class _Postgres(Asked):
    """`numeric` without digits, arrays, enums, json, uuid and the rest are text."""

    kind = "postgres"
    plain = re.compile(
        r"boolean|smallint|integer|bigint|real|double precision|text|date"
        r"|character( varying)?(\(\d+\))?|timestamp(\(\d\))? with(out)? time zone"
    )
    number = re.compile(r"numeric\((\d+),(\d+)\)")

    @property
    def relation(self) -> str:
        """With its schema, so that no search path decides."""
        schema = "" if len(self.extraction.relation) > 1 else '"public".'
        return schema + super().relation

    def columns(self) -> str:
        return self.passed_on(
            "select attname::text, format_type(atttypid, atttypmod), attnotnull from pg_attribute "
            f"where attrelid = to_regclass('{self.relation}') and attnum > 0 and not attisdropped "
            "order by attnum"
        )

    def exact(self, name: str, kind: str) -> str:
        return name if self.plain.fullmatch(kind) or self.is_decimal(kind) else f"{name}::text"

    def is_decimal(self, kind: str) -> bool:
        """Whether DuckDB has the very same type of numbers."""
        match = self.number.fullmatch(kind)
        return match is not None and int(match[2]) <= int(match[1]) <= _MOST_DIGITS

    def rows(self, columns: dict[str, str], since: int | None, cursor: Cursor) -> str:
        """For a whole table DuckDB's scan, which reads it in parallel, if none becomes text.

        It reads a table in pieces by their place on disk, so for a part of one the database's own
        index is faster.
        """
        exact = all(self.exact(name, kind) == name for name, kind in columns.items())
        if since is None and exact:
            return f"(select * from source.{self.relation} where {self.condition(None, cursor)})"
        return super().rows(columns, since, cursor)

    def with_nan(self, columns: dict[str, str], since: int | None, cursor: Cursor) -> str | None:
        decimals = [name for name, kind in columns.items() if self.is_decimal(kind)]
        if not decimals:
            return None
        found = ", ".join(
            f"case when bool_or({self.quoted(name)} = 'NaN') then {literal(name)} end"
            for name in decimals
        )
        where = self.condition(since, cursor)
        return self.passed_on(f"select unnest(array[{found}]) from {self.relation} where {where}")

    def constant(self, value: int, cursor: Cursor) -> str:
        if cursor is not Cursor.INSTANT:
            return super().constant(value, cursor)
        return f"timestamptz '{_instant(value).isoformat(sep=' ')}'"

    def cursor_of(self, kind: str) -> Cursor | None:
        kinds = {"smallint": Cursor.INTEGER, "integer": Cursor.INTEGER, "bigint": Cursor.INTEGER}
        times = {"without time zone": Cursor.LOCAL_TIME, "with time zone": Cursor.INSTANT}
        if kind.startswith("timestamp"):
            return times["with" + kind.partition(" with")[2]]
        return {**kinds, "date": Cursor.DATE}.get(kind)


class _MySql(Asked):
    """Also MariaDB. Dates and times are text, since `0000-00-00` is none of DuckDB's."""

    kind = "mysql"
    mark = "`"
    plain = re.compile(r"(tiny|small|medium|big)?int\b.*|float.*|double.*|year.*")
    number = re.compile(r"decimal\((\d+),(\d+)\).*")
    first = "1000-01-01"  # the first date that MySQL supports

    def columns(self) -> str:
        *schema, table = self.extraction.relation
        within = f"'{schema[0]}'" if schema else "database()"
        return self.passed_on(
            "select cast(column_name as char), cast(column_type as char), is_nullable = 'NO' "
            "from information_schema.columns "
            f"where table_schema = {within} and table_name = '{table}' order by ordinal_position"
        )

    def exact(self, name: str, kind: str) -> str:
        match = self.number.fullmatch(kind)
        if self.plain.fullmatch(kind) or (match and int(match[1]) <= _MOST_DIGITS):
            return name
        if kind.startswith("timestamp"):
            return f"concat(cast({name} as char), '+00:00')"
        if kind.startswith("bit"):
            return f"cast({name} + 0 as unsigned)"
        if "blob" in kind or "binary" in kind:
            return rf"concat('\\x', lower(hex({name})))"
        return f"cast({name} as char)"  # also of text, whose collation may make it binary

    def usable(self, cursor: Cursor) -> str:
        if cursor is Cursor.INTEGER:
            return super().usable(cursor)
        return f"{self.cursor} >= '{self.first}'"

    def cursor_of(self, kind: str) -> Cursor | None:
        if re.match(r"(tiny|small|medium|big)?int", kind):
            return Cursor.INTEGER
        kinds = {"date": Cursor.DATE, "datetime": Cursor.LOCAL_TIME, "timestamp": Cursor.INSTANT}
        return kinds.get(kind.partition("(")[0])


class _Sqlite(Asked):
    """Any value may stand in any column, so all is text, and times are ISO 8601 text."""

    kind = "sqlite"

    def columns(self) -> str:
        *schema, table = self.extraction.relation
        within = f", '{schema[0]}'" if schema else ""
        return self.passed_on(
            f"select name, lower(type), null from pragma_table_info('{table}'{within})"
        )

    def exact(self, name: str, kind: str) -> str:
        blob = rf"'\x' || lower(hex({name}))"
        return f"case typeof({name}) when 'blob' then {blob} else cast({name} as text) end"

    def usable(self, cursor: Cursor) -> str:
        if cursor is Cursor.INTEGER:
            return f"typeof({self.cursor}) = 'integer'"
        return f"typeof({self.cursor}) = 'text' and {self.compared(cursor)} is not null"

    def compared(self, cursor: Cursor) -> str:
        if cursor is Cursor.INTEGER:
            return self.cursor
        return f"strftime('%Y-%m-%d %H:%M:%f', {self.cursor})"

    def constant(self, value: int, cursor: Cursor) -> str:
        if cursor is Cursor.INTEGER:
            return str(value)
        at = _instant(value).replace(tzinfo=None)
        return f"'{at.isoformat(sep=' ', timespec='milliseconds')}'"

    def cursor_of(self, kind: str) -> Cursor | None:
        is_number = isinstance(self.extraction.overlap, int)
        return Cursor.INTEGER if is_number else Cursor.LOCAL_TIME


_DIALECTS: dict[str, type[Asked]] = {"postgres": _Postgres, "mysql": _MySql, "sqlite": _Sqlite}


def asked(source: Source) -> Asked:
    """The questions about the table of `source`."""
    return _DIALECTS[source.database.kind](source.extraction)


def _instant(value: int) -> dt.datetime:
    """Microseconds since 1970 as an instant, of the year 1000 at the earliest."""
    return max(_EARLIEST, _EPOCH + dt.timedelta(microseconds=value))
