"""What each engine macro gives on DuckDB, and that it has a variant for Spark."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import duckdb
import pytest
from rendering import MACROS, Macros

engine = Macros("engine/engine.sql")
spark = Macros("engine/engine.sql", engine="spark")
DATE = dt.date
AT = dt.datetime


def value(expression: str, rows: str = "select 1") -> Any:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        return connection.execute(f"select {expression} from ({rows}) as t(a)").fetchone()[0]


def test_every_engine_macro_has_a_variant_for_each_engine() -> None:
    text = (MACROS / "engine/engine.sql").read_text(encoding="utf-8")
    dispatched = set(re.findall(r"dispatch\('(\w+)', 'crm'\)", text))
    defined = set(re.findall(r"macro (\w+)\(", text))
    assert len(dispatched) > 10
    for name in dispatched:
        assert {name, f"default__{name}", f"spark__{name}"} <= defined
    assert len(defined) == 3 * len(dispatched)


@pytest.mark.parametrize(
    ("day", "days", "then"),
    [
        ("2024-01-31", "30", DATE(2024, 3, 1)),
        ("2024-02-28", "1", DATE(2024, 2, 29)),
        ("2024-03-01", "-1", DATE(2024, 2, 29)),
        ("2024-01-31", "0", DATE(2024, 1, 31)),
    ],
)
def test_days_are_added(day: str, days: str, then: dt.date) -> None:
    assert value(engine.add_days(f"date '{day}'", days)) == then


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        ("2024-01-31", "1", DATE(2024, 2, 29)),
        ("2023-01-31", "1", DATE(2023, 2, 28)),
        ("2024-02-29", "12", DATE(2025, 2, 28)),
        ("2024-03-31", "-1", DATE(2024, 2, 29)),
        ("2024-12-15", "1", DATE(2025, 1, 15)),
    ],
)
def test_months_are_added_and_end_with_the_shorter_month(
    day: str, months: str, then: dt.date
) -> None:
    assert value(engine.add_months(f"date '{day}'", months)) == then


@pytest.mark.parametrize(("days", "months"), [(30, 1), (360, 12)])
def test_days_and_months_of_equal_length_to_the_optimiser_stay_apart(
    days: int, months: int
) -> None:
    """In one select DuckDB takes 30 days for one month, if both are intervals."""
    rows = "select date '2024-01-31'"
    both = f"struct_pack(d := {engine.add_days('a', days)}, m := {engine.add_months('a', months)})"
    day = DATE(2024, 1, 31)
    month = DATE(2024, 2, 29) if months == 1 else DATE(2025, 1, 31)
    assert value(both, rows) == {"d": day + dt.timedelta(days=days), "m": month}


def test_the_trap_that_add_days_avoids_is_still_there() -> None:
    """When this fails, DuckDB has mended it and intervals may be used again."""
    trap = "struct_pack(d := a + interval 30 day, m := a + interval 1 month)"
    found = value(trap, "select date '2024-01-31'")
    assert found["d"] == found["m"] == AT(2024, 3, 1)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-02-28", "2024-03-01", 2),
        ("2023-02-28", "2023-03-01", 1),
        ("2024-03-01", "2024-02-28", -2),
        ("2024-03-01", "2024-03-01", 0),
    ],
)
def test_days_between_are_whole_and_signed(start: str, end: str, days: int) -> None:
    assert value(engine.days_between(f"date '{start}'", f"date '{end}'")) == days


def test_days_from_one_to_another_include_both() -> None:
    sql = engine.days_from_to("date '2024-02-28'", "date '2024-03-01'")
    days = [row[0] for row in duckdb.execute(f"select * from ({sql}) order by 1").fetchall()]
    assert days == [DATE(2024, 2, 28), DATE(2024, 2, 29), DATE(2024, 3, 1)]
    backwards = engine.days_from_to("date '2024-03-02'", "date '2024-03-01'")
    assert duckdb.execute(backwards).fetchall() == []


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("Europe/London", AT(2024, 1, 1, 12), AT(2024, 1, 1, 12)),
        ("Europe/London", AT(2024, 7, 1, 0, 30), AT(2024, 6, 30, 23, 30)),
        ("America/New_York", AT(2024, 3, 10, 1, 59), AT(2024, 3, 10, 6, 59)),
        ("America/New_York", AT(2024, 3, 10, 3, 0), AT(2024, 3, 10, 7, 0)),
        ("Asia/Shanghai", AT(2024, 1, 1, 0, 0), AT(2023, 12, 31, 16, 0)),
        ("UTC", AT(2024, 7, 1, 12), AT(2024, 7, 1, 12)),
    ],
)
def test_local_times_are_instants_on_both_sides_of_a_change_of_clocks(
    zone: str, local: dt.datetime, instant: dt.datetime
) -> None:
    assert value(engine.local_to_utc(f"timestamp '{local}'", zone)) == instant
    assert value(engine.utc_to_local(f"timestamp '{instant}'", zone)) == local


def test_an_hour_that_comes_twice_or_never_still_gives_one_instant() -> None:
    twice = value(engine.local_to_utc("timestamp '2024-11-03 01:30:00'", "America/New_York"))
    assert twice in (AT(2024, 11, 3, 5, 30), AT(2024, 11, 3, 6, 30))
    never = value(engine.local_to_utc("timestamp '2024-03-10 02:30:00'", "America/New_York"))
    assert never == AT(2024, 3, 10, 7, 30)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-01T10:00:00Z", AT(2024, 1, 1, 10)),
        ("2024-01-01 10:00:00+02:00", AT(2024, 1, 1, 8)),
        ("2024-01-01 23:00:00-0530", AT(2024, 1, 2, 4, 30)),
        ("2024-02-30 10:00:00+02", None),
        ("soon", None),
    ],
)
def test_an_offset_is_never_dropped(text: str, instant: dt.datetime | None) -> None:
    assert value(engine.offset_text_to_utc(f"'{text}'")) == instant


def test_a_pattern_matches_anywhere_unless_it_is_anchored() -> None:
    assert value(engine.matches("'ab1'", "[0-9]")) is True
    assert value(engine.matches("'ab1'", "^[0-9]$")) is False
    assert value(engine.matches("null", "[0-9]")) is None


def test_every_match_is_replaced() -> None:
    assert value(engine.replace_all("'a1b22'", "[0-9]", "#")) == "a#b##"
    assert value(engine.replace_all("'ab'", "[0-9]", "#")) == "ab"


def test_twins_in_unicode_become_one_text() -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert composed != decomposed
    assert value(engine.composed(f"'{decomposed}'")) == composed
    assert value(engine.composed(f"'{composed}'")) == composed
    assert value(engine.composed("'Zoe'")) == "Zoe"


def test_a_list_is_sorted_and_names_each_value_once() -> None:
    rows = "select unnest(['b', 'a', null, 'b'])"
    assert value(engine.ordered_list("a"), rows) == "a, b"
    assert value(engine.ordered_list("a", "|"), rows) == "a|b"
    assert value(engine.ordered_list("a"), "select null::varchar") is None


def test_a_row_as_json_keeps_quotes_and_nulls() -> None:
    rows = "select 'say \"no\"'"
    json = value(engine.as_json({"note": "a", "nothing": "cast(null as string)"}), rows)
    assert json == '{"note":"say \\"no\\"","nothing":null}'


def test_a_key_is_the_same_on_every_machine_and_in_every_year() -> None:
    key = engine.surrogate_key(["'standard'", "'00042'"])
    assert value(key) == 1_135_262_971_451_901_548
    assert value(f"typeof({key})") == "BIGINT"


@pytest.mark.parametrize(
    "parts", [("standard", "42"), ("standard00042", ""), ("Standard", "00042")]
)
def test_another_record_has_another_key(parts: tuple[str, str]) -> None:
    known = value(engine.surrogate_key(["'standard'", "'00042'"]))
    other = value(engine.surrogate_key([f"'{part}'" for part in parts]))
    assert other != known
    assert other >= 0


def test_spark_gets_its_own_words() -> None:
    assert spark.add_days("a", "30") == "date_add(a, cast(30 as int))"
    assert spark.add_months("a", "1") == "add_months(a, cast(1 as int))"
    assert spark.days_between("a", "b") == "datediff(b, a)"
    assert spark.matches("a", r"^\d$") == r"(a rlike '^\\d$')"
    assert spark.ordered_list("a") == "array_join(array_sort(collect_set(a)), ', ')"
    key = spark.surrogate_key(["a"])
    assert key == "cast(conv(substr(md5(concat_ws('|', a)), 1, 15), 16, 10) as bigint)"
