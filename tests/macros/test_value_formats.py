"""Numbers and times as systems declare to write them, read by the project's own macros."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest
from rendering import Macros

macros = Macros("feeds/contract.sql", "engine/engine.sql", "feeds/type_column.sql")
AT = dt.datetime


def value_of(expression: str, text: str) -> Any:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    found = connection.execute(f"select {expression} from (select $1 as t)", [text]).fetchone()
    return found[0] if found else None


def number(text: str, decimal_mark: str, group_mark: str) -> Any:
    declared = {"decimal_mark": decimal_mark, "group_mark": group_mark}
    return value_of(macros.number_text("t", declared), text)


@pytest.mark.parametrize(
    ("text", "decimal_mark", "group_mark", "read"),
    [
        ("1.234,50", ",", ".", "1234.50"),
        ("-1.234.567,5", ",", ".", "-1234567.5"),
        ("1234,50", ",", ".", "1234.50"),
        ("1,50", ",", "", "1.50"),
        ("1,234.50", ".", ",", "1234.50"),
        ("1 234,50", ",", " ", "1234.50"),
        ("1'234.50", ".", "'", "1234.50"),
        ("7", ",", ".", "7"),
    ],
)
def test_a_number_is_read_with_the_declared_marks(
    text: str, decimal_mark: str, group_mark: str, read: str
) -> None:
    assert number(text, decimal_mark, group_mark) == read


@pytest.mark.parametrize(
    ("text", "decimal_mark", "group_mark"),
    [
        ("1.50", ",", ""),
        ("1.50", ",", "."),  # no group of three
        ("12.34,50", ",", "."),
        ("1.234.50", ",", "."),
        ("1,234,50", ",", "."),
        ("1.2345,5", ",", "."),
        (",5", ",", "."),
        ("1,5x", ",", "."),
        ("12,34.50", ".", ","),
        ("1,234,.5", ".", ","),
        ("", ",", "."),
    ],
)
def test_a_number_that_is_not_written_so_is_none(
    text: str, decimal_mark: str, group_mark: str
) -> None:
    assert number(text, decimal_mark, group_mark) is None


@pytest.mark.parametrize(
    ("text", "form", "zone", "instant"),
    [
        ("01/02/2024", "%d/%m/%Y", "UTC", AT(2024, 2, 1)),
        ("01/02/2024", "%m/%d/%Y", "UTC", AT(2024, 1, 2)),
        ("1.2.2024 14:05", "%d.%m.%Y %H:%M", "Europe/Berlin", AT(2024, 2, 1, 13, 5)),
        ("01/02/2024 2:05 PM", "%d/%m/%Y %I:%M %p", "UTC", AT(2024, 2, 1, 14, 5)),
        ("20240201", "%Y%m%d", "UTC", AT(2024, 2, 1)),
        ("1706788800", "epoch_seconds", "Asia/Shanghai", AT(2024, 2, 1, 12)),
        ("1706788800.25", "epoch_seconds", "UTC", AT(2024, 2, 1, 12, 0, 0, 250000)),
        ("1706788800250", "epoch_milliseconds", "UTC", AT(2024, 2, 1, 12, 0, 0, 250000)),
        ("2024-02-01T12:00:00+08:00", "iso", "UTC", AT(2024, 2, 1, 4)),
        ("31/02/2024", "%d/%m/%Y", "UTC", None),
        ("02/13/2024", "%d/%m/%Y", "UTC", None),
        ("2024-02-01", "%d/%m/%Y", "UTC", None),
        ("01/02/2024 10:00", "%d/%m/%Y", "UTC", None),
        ("yesterday", "epoch_seconds", "UTC", None),
        ("01/02/2024", "iso", "UTC", None),
    ],
)
def test_a_time_is_read_in_the_declared_format_and_no_other(
    text: str, form: str, zone: str, instant: dt.datetime | None
) -> None:
    assert value_of(macros.instant_of("t", form, zone), text) == instant


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("29/02/2024", "%d/%m/%Y", dt.date(2024, 2, 29)),
        ("29/02/2023", "%d/%m/%Y", None),
        ("2024-02-29", "iso", dt.date(2024, 2, 29)),
        ("2024-02-29 10:00", "iso", None),
        ("1706788800", "epoch_seconds", dt.date(2024, 2, 1)),
    ],
)
def test_a_day_is_read_in_the_declared_format_and_no_other(
    text: str, form: str, day: dt.date | None
) -> None:
    assert value_of(macros.day_of("t", form), text) == day
