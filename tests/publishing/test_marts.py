"""The sandbox lets queries read the marts and nothing else; results keep every digit."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import duckdb
import pandas
import pytest
from marts_by_hand import build, change, contract, publish_now, settings_of

from crm.publication.marts import NotPublishedError, QueryError, open_marts, query, render


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = settings_of(tmp_path_factory.mktemp("warehouse"))
    build(settings, 1)
    publish_now(settings)
    return settings


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from marts.core.fct_orders",
        "from core.fct_orders limit 1",
        "with o as (select 1 as a) select * from o",
        "values (1), (2)",
        "describe marts.core.fct_orders",
        "summarize marts.core.fct_orders",
        "show all tables",
        "explain select * from marts.core.fct_orders",
        "pivot core.fct_orders on build_number in (1, 2) using sum(net_amount)",
        "select 1; select 2;",
        "-- a comment\nselect ';'",
    ],
)
def test_what_reads_the_marts_runs(settings, sql):
    result = query(settings, sql)
    assert len(result.rows) >= 1
    assert len(result.columns) == len(result.types) == len(result.rows[0])


def test_the_last_of_several_statements_gives_the_result(settings):
    assert query(settings, "select 1 as a; select 2 as b").columns == ("b",)


NOT_READING = [
    "insert into marts.core.fct_orders from marts.core.fct_orders",
    "with x as (select 1) insert into marts.quality.loads select 1, 1",
    "update marts.core.fct_orders set net_amount = 0",
    "delete from marts.core.fct_orders",
    "create table marts.core.x as select 1",
    "create temp table x as select 1",
    "create secret s (type s3)",
    "drop table marts.core.fct_orders",
    "alter table marts.core.fct_orders add x int",
    "copy marts.core.fct_orders to '{out}'",
    "copy (select 1) to '{out}'",
    "export database '{out}'",
    "attach '{other}' as other",
    "attach '{out}' as other",
    "attach ':memory:' as other",
    "detach marts",
    "use memory",
    "install httpfs",
    "load json",
    "set threads = 4",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset threads",
    "pragma threads = 4",
    "pragma enable_profiling",
    "call enable_logging()",
    "begin",
    "prepare p as select 1",
    "checkpoint",
    "select 1; drop table marts.core.fct_orders",
]
READING_OTHER_FILES = [
    "select * from read_csv('{other}')",
    "select * from read_text('{other}')",
    "select * from read_blob('{other}')",
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from '{other}'",
    "select * from glob('/etc/*')",
    "select * from read_parquet('{other}')",
    "select * from parquet_metadata('{other}')",
    "select * from sniff_csv('{other}')",
    "select * from query('select * from read_text(''/etc/passwd'')')",
    "select * from read_text('https://localhost/x')",
    "select * from settings",
    "select getenv('HOME')",
    "explain analyze copy (select 1) to '{out}'",
    "explain analyze insert into marts.quality.loads values (9, 9)",
]


def filled(sql, settings, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("secret\n42\n")
    return sql.replace("{out}", str(tmp_path / "out")).replace("{other}", str(other))


@pytest.mark.parametrize("sql", NOT_READING)
def test_what_does_not_read_is_refused_with_the_kind_of_statement(settings, tmp_path, sql):
    with pytest.raises(QueryError, match=r"only reads, and this is a [A-Z_]+ statement\. Use SEL"):
        query(settings, filled(sql, settings, tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sql", READING_OTHER_FILES)
def test_what_reaches_beyond_the_marts_is_refused(settings, tmp_path, sql):
    with pytest.raises(QueryError):
        query(settings, filled(sql, settings, tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sql", [*NOT_READING, *READING_OTHER_FILES])
def test_the_sandbox_itself_changes_and_reads_nothing_outside(settings, tmp_path, sql):
    """Without the check of the statement's kind: whatever DuckDB lets through stays harmless."""
    before = {
        path: path.read_bytes()
        for path in settings.published.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
    with open_marts(settings) as connection:
        try:
            connection.execute(filled(sql, settings, tmp_path))
            rows = connection.fetchall()
        except duckdb.Error:
            rows = []
    assert "42" not in str(rows)
    assert "root:" not in str(rows)
    assert not (tmp_path / "out").exists()
    assert {path: path.read_bytes() for path in before} == before
    assert query(settings, "select count(*) from marts.core.fct_orders").rows == ((1000,),)


@pytest.mark.parametrize(
    "sql",
    [
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set threads = 4",
        "set memory_limit = '100GB'",
        "set TimeZone = 'America/New_York'",
        "reset memory_limit",
        "pragma threads = 4",
    ],
)
def test_no_setting_of_the_sandbox_can_be_changed(settings, sql):
    with (
        open_marts(settings) as connection,
        pytest.raises(duckdb.InvalidInputException, match="configuration has been locked"),
    ):
        connection.execute(sql)


def test_a_variable_of_the_program_is_no_table(settings):
    frame = pandas.DataFrame({"a": [1]})
    assert duckdb.execute("select * from frame").fetchall() == [(1,)]
    with open_marts(settings) as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("select * from frame")
    assert len(frame) == 1


def test_the_sandbox_is_needed(settings, tmp_path):
    """The same statements do harm on a plain read-only connection."""
    published = settings.published / "marts.duckdb"
    with duckdb.connect(published, read_only=True) as connection:
        connection.execute(filled("copy (select 1) to '{out}'", settings, tmp_path))
        sql = filled("select * from read_csv('{other}')", settings, tmp_path)
        assert connection.execute(sql).fetchall() == [(42,)]
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select * from fct_order", r"fct_order does not exist.*mean marts\.core\.fct_orders\?"),
        ("select * from marts.core.rfm_customer", r"mean marts\.rfm\.rfm_customers\?"),
        ("select * from zzz", "Look at what there is"),
        ("select net_amout from core.fct_orders", r"net_amout.*See a table's columns"),
        ("selec 1", "syntax error .*Mend the SQL"),
        ("", "no statement"),
        ("select * from read_text('/etc/passwd')", "see the published marts and nothing else"),
        ("select 'x'::int", "Could not convert string 'x'"),
    ],
)
def test_a_failed_query_tells_why_and_what_to_do(settings, sql, told):
    with pytest.raises(QueryError) as raised:
        query(settings, sql)
    assert duckdb.execute("select regexp_matches(?, ?, 's')", [str(raised.value), told]).fetchone()[
        0
    ], str(raised.value)


def test_instants_are_shown_in_utc_whatever_the_machines_zone(settings, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    sql = "select min(ordered_at) as at, min(ordered_at)::varchar as t from core.fct_orders"
    [row] = json.loads(render(query(settings, sql), "json"))
    assert row == {"at": "2026-01-01T00:00:00+00:00", "t": "2026-01-01 00:00:00+00"}


def test_nothing_published_is_a_clear_error(tmp_path):
    with pytest.raises(NotPublishedError, match="Run crm build first"):
        query(settings_of(tmp_path), "select 1")


def test_a_published_file_that_cannot_be_opened_is_a_clear_error(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    (settings.published / "marts.duckdb").resolve().write_text("no database")
    with pytest.raises(NotPublishedError, match="crm rollback"):
        query(settings, "select 1")


def test_two_queries_at_once_in_one_process_each_see_the_version_current_when_they_opened(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    sql = "select max(build_number) from marts.core.fct_orders"
    with open_marts(settings) as first, open_marts(settings) as same:
        build(settings, 2)
        publish_now(settings, 1)
        with open_marts(settings) as second:
            answers = [each.execute(sql).fetchall()[0][0] for each in (first, same, second)]
    assert answers == [1, 1, 2]


VALUES = """
select 1152921504606846975 as key, 12345678901234.5600::decimal(18,4) as money, 0.1::double as d,
    'nan'::double as n, null as nothing, true as yes, date '2026-01-02' as on_, 'a"b,é' as word,
    timestamp '2026-01-02 03:04:05.5' as at_, [1, 2] as list, {'a': 1.50::decimal(4,2)} as struct
"""


def test_json_keeps_every_digit_and_is_iso(settings):
    text = render(query(settings, VALUES), "json")
    assert '"money": 12345678901234.5600' in text
    [row] = json.loads(text, parse_float=Decimal)
    assert row["key"] == 1152921504606846975
    assert row["money"] == Decimal("12345678901234.5600")
    assert row["d"] == Decimal("0.1")
    assert (row["n"], row["nothing"], row["yes"]) == (None, None, True)
    assert (row["on_"], row["at_"]) == ("2026-01-02", "2026-01-02T03:04:05.500000")
    assert row["word"] == 'a"b,é'
    assert (row["list"], row["struct"]) == ([1, 2], {"a": Decimal("1.50")})
    assert json.loads(render(query(settings, "select 1 as a where false"), "json")) == []


def test_json_refuses_two_columns_of_one_name_and_the_other_forms_show_both(settings):
    result = query(settings, "select 1 as a, 2 as a")
    with pytest.raises(QueryError, match="two columns of one name"):
        render(result, "json")
    assert render(result, "csv") == "a,a\r\n1,2\r\n"


def test_csv_disarms_text_that_a_spreadsheet_would_run_and_leaves_numbers_alone(settings):
    armed = ["=1+1", "+44 20", "-5", "@sum", "\tx", "\rx", "\nx"]
    cells = ", ".join("'" + cell + "'" for cell in armed)
    result = query(
        settings, f"select unnest([{cells}, 'plain', 'a=b', null]) as \"=word\", -5 as number,"
        " -1.50::decimal(4,2) as money, -0.5::double as d, date '2026-01-02' as on_"
    )  # fmt: skip
    header, *rows = csv.reader(io.StringIO(render(result, "csv"), newline=""))
    assert header == ["'=word", "number", "money", "d", "on_"]
    assert [row[0] for row in rows] == ["'" + cell for cell in armed] + ["plain", "a=b", ""]
    assert {tuple(row[1:]) for row in rows} == {("-5", "-1.50", "-0.5", "2026-01-02")}


def test_the_table_shows_all_text_literally(settings):
    sql = r"select '[red]x[/red]' as markup, chr(27) || '[2J' as escape, repeat('w', 300) as long"
    text = render(query(settings, sql), "table")
    assert "[red]x[/red]" in text
    assert "\\x1b[2J" in text
    assert "\x1b" not in text
    assert "w" * 300 in text


def test_the_published_contract_is_what_a_query_sees(settings):
    for table, promise in contract().items():
        described = query(settings, f"describe marts.{table}").rows
        assert {row[0]: row[1] for row in described} == dict(promise.columns)


def test_the_marts_can_be_read_while_the_build_database_is_written(settings):
    change(settings, "create or replace table core.fct_orders as select 1 as only_in_the_build")
    with duckdb.connect(settings.build / "marts.duckdb") as writer:
        writer.execute("begin; delete from core.fct_orders")
        assert query(settings, "select count(*) from core.fct_orders").rows == ((1000,),)
