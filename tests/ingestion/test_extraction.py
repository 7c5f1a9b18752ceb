"""Tables of real databases on their way into the lake."""

from __future__ import annotations

import datetime as dt
import logging
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from lake_by_hand import LINES
from postgres import ESCAPED, PASSWORD, Server, postgres_server

from crm.contracts import Column
from crm.errors import CrmError
from crm.extraction.database_sql import Cursor, asked
from crm.extraction.databases import DatabaseError, Source, reached, scrubbed
from crm.extraction.declarations import Database, DeclarationError, Extraction
from crm.extraction.extraction import ExtractReport, Failure, alerts, extract
from crm.extraction.state import state_file
from crm.lake.ingestion import ingest
from crm.settings import Settings

MORNING = dt.datetime(2026, 3, 1, 6, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
POSTGRES = Database("postgres", "SHOP_DATABASE_URL")
MYSQL = Database("mysql", "SHOP_DATABASE_URL")
SQLITE = Database("sqlite", "SHOP_DATABASE_URL")
ORDERS = """
    drop table if exists orders cascade;
    create table orders (
        id text not null, amount numeric(18, 4), note text, updated_at timestamptz not null
    );
    grant select on all tables in schema public to reader;
    insert into orders values
        ('007', 12345678901234.5678, 'first', '2026-03-01 05:00:00+00'),
        ('008', 0.1, null, '2026-03-01 07:58:00+02');
"""


@dataclass
class Shop:
    """A warehouse that extracts from one database; runs are an hour apart."""

    home: Path
    source: Source
    now: dt.datetime = MORNING

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, settle_seconds=0)

    @property
    def landed(self) -> list[str]:
        folder = self.settings.landing / "shop" / self.source.table
        return sorted(file.name for file in folder.iterdir()) if folder.exists() else []

    def declare(self, relation: str, cursor: str, overlap: object, **changes: object) -> None:
        """Extract another table, into a folder of its name."""
        declared = {"from": relation, "cursor": cursor, "overlap": overlap}
        table = replace(self.source.declared, name=relation.replace(".", "_"))
        self.source = replace(
            self.source, declared=table, extraction=Extraction.from_meta(declared), **changes
        )

    def extract(self, *others: Source) -> ExtractReport:
        self.now += HOUR
        return extract(self.settings, [self.source, *others], self.now)

    def news(self) -> list[tuple[object, ...]]:
        """Extract without a failure; the rows of the file that was written, in the order of id."""
        report = self.extract()
        assert report.failures == ()
        return [row for file in report.files for row in self.rows(file.path)]

    def rows(self, path: str) -> list[tuple[object, ...]]:
        file = str(self.settings.landing / path)
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute("select * from read_parquet(?) order by 1", [file]).fetchall()

    def types(self) -> dict[str, tuple[str, object]]:
        """Type and first value of each column of the newest file."""
        file = str(self.settings.landing / "shop" / self.source.table / self.landed[-1])
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            found = connection.execute("select * from read_parquet(?) order by 1", [file])
            described = found.description or []
            values = found.fetchall()[0]
        return {
            column[0]: (str(column[1]), value)
            for column, value in zip(described, values, strict=True)
        }

    def failure(self) -> Failure:
        """Extract, which must fail and write nothing."""
        report = self.extract()
        assert report.files == ()
        (failure,) = report.failures
        return failure


def source(database: Database, relation: str, cursor: str, overlap: object) -> Source:
    table = replace(LINES, name="orders", columns=(Column("id", is_required=True), Column("note")))
    declared = {"from": relation, "cursor": cursor, "overlap": overlap}
    return Source(table, "UTC", database, Extraction.from_meta(declared))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def shop(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    server.run(ORDERS)
    monkeypatch.setenv("SHOP_DATABASE_URL", server.url())
    return Shop(tmp_path, source(POSTGRES, "public.orders", "updated_at", "5 minutes"))


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop on SQLite, in `kiosk.sqlite`."""
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{tmp_path}/kiosk.sqlite")
    return Shop(tmp_path / "home", source(SQLITE, "orders", "updated_at", "5 minutes"))


def run_sqlite(shop: Shop, sql: str) -> None:
    connection = sqlite3.connect(shop.home.parent / "kiosk.sqlite")
    connection.executescript(sql)
    connection.close()


def texts_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return ((file, file.read_bytes()) for file in folder.rglob("*") if file.is_file())


# What a table is when it has arrived.


def test_a_table_comes_whole_the_first_time_and_lands_in_the_lake(shop: Shop) -> None:
    report = shop.extract()
    assert report.rows == 2
    tables = {("shop", "orders"): shop.source.declared}
    (delivery,) = ingest(shop.settings, tables, shop.now).deliveries
    assert (delivery.status, delivery.records, delivery.path) == ("taken", 2, report.files[0].path)
    assert delivery.columns == ("id", "amount", "note", "updated_at")
    assert shop.rows(report.files[0].path) == [
        (
            "007",
            Decimal("12345678901234.5678"),
            "first",
            dt.datetime(2026, 3, 1, 5, tzinfo=dt.UTC),
        ),
        ("008", Decimal("0.1000"), None, dt.datetime(2026, 3, 1, 5, 58, tzinfo=dt.UTC)),
    ]


def test_a_run_without_changes_writes_nothing(shop: Shop) -> None:
    assert len(shop.news()) == 2
    before = state_file(shop.settings, shop.source).stat().st_mtime_ns
    assert shop.extract() == ExtractReport((), ())
    assert state_file(shop.settings, shop.source).stat().st_mtime_ns == before
    assert len(shop.landed) == 1


def test_only_what_is_new_comes_the_next_time(shop: Shop, server: Server) -> None:
    shop.extract()
    server.run("insert into orders values ('009', 1, 'new', '2026-03-01 06:30:00+00')")
    assert [row[0] for row in shop.news()] == ["009"]
    assert shop.landed == sorted(shop.landed)
    assert len(shop.landed) == 2


def test_a_changed_row_comes_again(shop: Shop, server: Server) -> None:
    shop.extract()
    server.run(
        "update orders set amount = 2, updated_at = '2026-03-01 06:30:00+00' where id = '007'"
    )
    assert [row[:2] for row in shop.news()] == [("007", Decimal("2.0000"))]


def test_a_change_within_the_overlap_comes_even_where_the_cursor_stays(
    shop: Shop, server: Server
) -> None:
    shop.extract()
    server.run("update orders set note = 'changed' where id = '008'")
    assert [row[2] for row in shop.news()] == ["changed"]
    server.run("update orders set note = null where id = '008'")
    assert [row[2] for row in shop.news()] == [None]


def test_a_row_that_commits_late_is_not_lost(shop: Shop, server: Server) -> None:
    late = "insert into orders values ('009', 1, 'late', '2026-03-01 05:55:00+00')"
    with server.open_transaction(late):
        assert [row[0] for row in shop.news()] == ["007", "008"]
    assert [row[0] for row in shop.news()] == ["009"]
    assert shop.news() == []


def test_a_row_older_than_the_overlap_is_not_noticed(shop: Shop, server: Server) -> None:
    shop.extract()
    server.run("insert into orders values ('009', 1, 'too late', '2026-03-01 05:52:59+00')")
    assert shop.news() == []
    server.run("insert into orders values ('010', 1, 'just not', '2026-03-01 05:53:00+00')")
    assert [row[0] for row in shop.news()] == ["010"]


def test_a_deleted_row_is_not_noticed(shop: Shop, server: Server) -> None:
    shop.extract()
    server.run("delete from orders where id = '008'")
    assert shop.extract() == ExtractReport((), ())


def test_equal_rows_are_counted(shop: Shop, server: Server) -> None:
    row = "insert into orders values ('009', 1, 'twice', '2026-03-01 05:57:00+00')"
    server.run(row)
    shop.extract()
    server.run(row)
    assert [row[0] for row in shop.news()] == ["009"]
    assert shop.news() == []


def test_a_kill_between_file_and_state_delivers_twice_and_loses_nothing(
    shop: Shop, server: Server
) -> None:
    shop.extract()
    state = state_file(shop.settings, shop.source)
    kept = shutil.copy(state, shop.home / "kept")
    server.run("insert into orders values ('009', 1, 'new', '2026-03-01 06:30:00+00')")
    assert [row[0] for row in shop.news()] == ["009"]
    shutil.copy(kept, state)  # as a kill just before the state's rename leaves it
    assert [row[0] for row in shop.news()] == ["009"]
    assert shop.news() == []


def test_the_state_is_written_after_the_file(shop: Shop) -> None:
    in_the_way = state_file(shop.settings, shop.source).parent
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder of the state would be")
    (failure,) = shop.extract().failures
    assert failure.cause.startswith("The landing folder or the state cannot be written")
    assert len(shop.rows(f"shop/orders/{shop.landed[0]}")) == 2
    in_the_way.unlink()
    assert len(shop.news()) == 2


def test_what_a_kill_left_half_written_is_no_delivery_and_goes(shop: Shop) -> None:
    folder = shop.settings.landing / "shop" / "orders"
    folder.mkdir(parents=True)
    (folder / "orders.new.extract.part").write_bytes(b"half a file")
    tables = {("shop", "orders"): shop.source.declared}
    assert ingest(shop.settings, tables, MORNING).deliveries == ()
    shop.extract()
    assert [name for name in shop.landed if name.endswith(".part")] == []


def test_without_its_state_a_table_comes_whole_again(shop: Shop) -> None:
    shop.extract()
    state_file(shop.settings, shop.source).unlink()
    assert len(shop.news()) == 2


def test_a_damaged_state_is_as_none(shop: Shop) -> None:
    shop.extract()
    state_file(shop.settings, shop.source).write_bytes(b"PAR1")
    assert len(shop.news()) == 2


def test_another_cursor_is_another_extraction(shop: Shop, server: Server) -> None:
    server.run("alter table orders add number int not null default 5")
    shop.extract()
    extraction = Extraction.from_meta({"from": "public.orders", "cursor": "number", "overlap": 1})
    shop.source = replace(shop.source, extraction=extraction)
    assert len(shop.news()) == 2


def test_a_clock_that_is_set_back_does_not_put_a_later_file_before_an_earlier(
    shop: Shop, server: Server
) -> None:
    shop.extract()
    shop.now -= 5 * HOUR
    server.run("insert into orders values ('009', 1, 'new', '2026-03-01 05:59:00+00')")
    shop.extract()
    assert shop.landed == ["20260301T070000000000Z.parquet", "20260301T070000000001Z.parquet"]


def test_a_row_from_the_future_hides_nothing(shop: Shop, server: Server) -> None:
    server.run("""
        insert into orders values ('999', 1, 'wrong', '9999-12-31'),
        ('998', 1, 'never', 'infinity')
        """)
    assert len(shop.news()) == 4
    server.run("insert into orders values ('009', 1, 'new', '2026-03-01 06:30:00+00')")
    assert [row[0] for row in shop.news()] == ["009"]
    assert shop.news() == []


def test_local_times_from_the_future_are_told_by_the_systems_clock(
    shop: Shop, server: Server
) -> None:
    server.run("alter table orders alter updated_at type timestamp using '2026-03-01 14:30:00'")
    shop.source = replace(shop.source, time_zone="Asia/Shanghai")  # 15:00 at the first run
    assert len(shop.news()) == 2
    server.run("insert into orders values ('009', 1, 'old', '2026-03-01 14:24:00')")
    assert shop.news() == []


# Cursors and what is asked of the database.


@pytest.mark.parametrize(
    ("kind", "overlap", "known", "new"),
    [
        ("bigint", 10, "100", "91"),
        ("smallint", 0, "7", "8"),
        ("date", "1 day", "date '2026-02-20'", "date '2026-02-19'"),
        ("date", "5 minutes", "date '2026-02-20'", "date '2026-02-21'"),
        ("timestamp", "1 hour", "timestamp '2026-02-20 10:00:00.000001'", "'2026-02-20 09:01'"),
        ("timestamp(0)", "0 seconds", "timestamp '2026-02-20 10:00'", "'2026-02-20 10:00'"),
        ("int not null, loose numeric", 5, "7", "8"),  # a column that must become text
        ("timestamptz", "30 seconds", "'2026-02-20 10:00+01'", "'2026-02-20 08:59:31+00'"),
    ],
)
def test_every_kind_of_cursor_reads_on_from_where_it_came_to(
    shop: Shop, server: Server, kind: str, overlap: object, known: str, new: str
) -> None:
    server.run(f"""
        create table if not exists t (id int); drop table t;
        create table t (id text, at {kind});
        grant select on t to reader; insert into t values ('1', {known})
        """)
    shop.declare("t", "at", overlap)
    assert [row[0] for row in shop.news()] == ["1"]
    assert shop.news() == []
    server.run(f"insert into t values ('2', {new})")
    assert [row[0] for row in shop.news()] == ["2"]
    assert shop.news() == []


def test_the_database_picks_the_rows_by_a_constant(shop: Shop, server: Server) -> None:
    shop.extract()
    with server.heard() as lines:
        shop.extract()
    asked_for = [line for line in lines if "COPY" in line and '"note"' in line]
    assert len(asked_for) == 1
    assert "\"updated_at\" >= timestamptz '2026-03-01 05:53:00+00:00'" in asked_for[0]


def test_all_that_is_asked_is_one_snapshot_that_cannot_write(shop: Shop, server: Server) -> None:
    server.run("alter table orders alter updated_at drop not null")
    with server.heard() as lines:
        shop.extract()
    statements = [line.partition("statement: ")[2] for line in lines]
    begun = [at for at, text in enumerate(statements) if text.startswith("BEGIN")]
    assert {statements[at] for at in begun} == {
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    }
    within = "\n".join(statements[begun[-1] :])
    for part in ("format_type", "count(*)", "'NaN'", '"note"'):
        assert part in within


def test_rows_without_a_cursor_are_counted_and_the_others_come(shop: Shop, server: Server) -> None:
    server.run("""
        alter table orders alter updated_at drop not null;
        insert into orders values ('009', 1, 'x', null), ('010', 1, 'y', null)
        """)
    for rows in (2, 0):
        report = shop.extract()
        assert report.rows == rows
        (failure,) = report.failures
        assert (failure.system, failure.table) == ("shop", "orders")
        assert failure.cause.startswith("2 rows of public.orders have no usable updated_at")
    server.run("update orders set updated_at = '2026-03-01 06:30+00' where updated_at is null")
    assert [row[0] for row in shop.news()] == ["009", "010"]


# Types.


def test_types_without_a_like_arrive_as_their_databases_text(shop: Shop, server: Server) -> None:
    server.run(
        """
        drop table if exists t; drop type if exists mood; drop domain if exists price;
        create type mood as enum ('ok', 'bad'); create domain price as numeric;
        create table t (
            id int not null, loose numeric, wide numeric(50, 10), exact numeric(38, 6),
            own price, many numeric[], words text[], doc json, docb jsonb, feeling mood, key uuid,
            bytes bytea, span interval, plain varchar(5), fixed char(4), flag boolean, day date,
            at timestamptz, ratio double precision, clock time
        );
        insert into t values (1, 12345678901234567890.123456789012345678, 1.23,
            12345678901234567890123456789012.123456, 0.10, '{1.10,NULL}', '{a,"b,c"}', '{"a": 1}',
            '{"a":1}', 'ok', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00ff', '1 day 2 hours',
            '007', 'ab', true, '2026-02-28', '2026-02-28 10:00:00.123+02', 0.1, '10:00');
        grant select on t to reader;
        """
    )
    shop.declare("t", "id", 0)
    shop.extract()
    assert shop.types() == {
        "id": ("INTEGER", 1),
        "loose": ("VARCHAR", "12345678901234567890.123456789012345678"),
        "wide": ("VARCHAR", "1.2300000000"),
        "exact": ("DECIMAL(38,6)", Decimal("12345678901234567890123456789012.123456")),
        "own": ("VARCHAR", "0.10"),
        "many": ("VARCHAR", "{1.10,NULL}"),
        "words": ("VARCHAR", '{a,"b,c"}'),
        "doc": ("VARCHAR", '{"a": 1}'),
        "docb": ("VARCHAR", '{"a": 1}'),
        "feeling": ("VARCHAR", "ok"),
        "key": ("VARCHAR", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        "bytes": ("VARCHAR", "\\x00ff"),
        "span": ("VARCHAR", "1 day 02:00:00"),
        "plain": ("VARCHAR", "007"),
        "fixed": ("VARCHAR", "ab"),
        "flag": ("BOOLEAN", True),
        "day": ("DATE", dt.date(2026, 2, 28)),
        "at": (
            "TIMESTAMP WITH TIME ZONE",
            dt.datetime(2026, 2, 28, 8, 0, 0, 123000, tzinfo=dt.UTC),
        ),
        "ratio": ("DOUBLE", 0.1),
        "clock": ("VARCHAR", "10:00:00"),
    }


def test_a_number_that_is_none_does_not_become_zero(shop: Shop, server: Server) -> None:
    server.run("update orders set amount = 'NaN' where id = '008'")
    assert [row[1] for row in shop.news()] == ["12345678901234.5678", "NaN"]
    server.run("update orders set amount = 5 where id = '008'")
    assert [row[1] for row in shop.news()] == [Decimal("5.0000")]


def test_views_and_partitioned_tables_are_tables(shop: Shop, server: Server) -> None:
    server.run(
        """
        drop table if exists parts; create view seen as select * from orders;
        create table parts (id text not null, at int not null) partition by range (at);
        create table parts_1 partition of parts for values from (0) to (10);
        create table parts_2 partition of parts for values from (10) to (20);
        insert into parts values ('1', 1), ('2', 11); grant select on parts, seen to reader;
        """
    )
    shop.declare("parts", "at", 0)
    assert shop.news() == [("1", 1), ("2", 11)]
    shop.declare("seen", "updated_at", "1 day")
    assert len(shop.news()) == 2
    assert shop.news() == []


def test_names_are_taken_as_the_database_spells_them(shop: Shop, server: Server) -> None:
    server.run(
        """
        create schema if not exists "Sales"; drop table if exists "Sales"."Order";
        create table "Sales"."Order" (id text, "Select" int not null, "it's ""a"" note" text);
        insert into "Sales"."Order" values ('1', 1, 'x');
        grant usage on schema "Sales" to reader; grant select on "Sales"."Order" to reader;
        """
    )
    shop.declare("Sales.Order", "Select", 0)
    assert shop.news() == [("1", 1, "x")]
    server.run("insert into \"Sales\".\"Order\" values ('2', 2, 'y')")
    assert shop.news() == [("2", 2, "y")]
    assert list(shop.types()) == ["id", "Select", 'it\'s "a" note']


def test_a_new_column_appears_and_a_missing_required_one_holds_the_table_back(
    shop: Shop, server: Server
) -> None:
    shop.extract()
    server.run("""
        alter table orders add colour text;
        insert into orders values ('009', 1, 'n', '2026-03-01 06:30+00', 'red')
        """)
    assert {row[0]: row[4] for row in shop.news()} == {"008": None, "009": "red"}
    server.run("""
        alter table orders rename id to number;
        insert into orders values ('010', 1, 'n', '2026-03-01 06:40+00', 'red')
        """)
    assert "Column 'id' is missing" in shop.failure().cause
    server.run("""
        alter table orders rename number to id;
        insert into orders values ('011', 1, 'n', '2026-03-01 09:00+00', 'red')
        """)
    assert [row[0] for row in shop.news()] == ["010", "011"]


# What goes wrong.


def test_one_table_that_fails_does_not_stop_the_others(shop: Shop, tmp_path: Path) -> None:
    lost = replace(
        shop.source,
        declared=replace(shop.source.declared, name="a_first"),
        extraction=Extraction.from_meta({"from": "lost", "cursor": "at", "overlap": 0}),
    )
    elsewhere = replace(
        shop.source,
        declared=replace(shop.source.declared, system="depot"),
        database=Database("sqlite", "DEPOT_DATABASE_URL"),
    )
    told: list[tuple[str, int, int]] = []
    report = extract(
        shop.settings, [lost, shop.source, elsewhere], MORNING, lambda *step: told.append(step)
    )
    assert [file.path for file in report.files] == ["shop/orders/20260301T060000000000Z.parquet"]
    assert [(failure.system, failure.table) for failure in report.failures] == [
        ("depot", "orders"),
        ("shop", "a_first"),
    ]
    (first, second) = alerts(report, MORNING)
    assert (first.kind, first.fix, first.at) == (
        "extraction_failed",
        report.failures[0].fix,
        MORNING,
    )
    assert first.cause == f"depot/orders: {report.failures[0].cause}"
    assert second.title == "shop a_first was not extracted, or not wholly"
    assert told == [("depot/orders", 1, 3), ("shop/a_first", 2, 3), ("shop/orders", 3, 3)]


@pytest.mark.parametrize(
    ("relation", "cursor", "overlap", "cause"),
    [
        ("nothing", "updated_at", "1 day", "There is no table nothing"),
        ("other.orders", "updated_at", "1 day", "There is no table other.orders"),
        ("orders", "changed_at", "1 day", "orders has no column changed_at"),
        ("orders", "note", "1 day", "note of orders is of type text, which is no cursor"),
        ("orders", "updated_at", 5, "The overlap of orders does not fit updated_at"),
        ("secret", "at", 5, "secret cannot be read: "),
    ],
)
def test_a_declaration_that_the_database_does_not_bear_out_names_its_fix(
    shop: Shop, server: Server, relation: str, cursor: str, overlap: object, cause: str
) -> None:
    server.run("drop table if exists secret; create table secret (id text, at int)")
    shop.declare(relation, cursor, overlap)
    failure = shop.failure()
    assert failure.cause.startswith(cause)
    assert failure.fix.endswith(".")
    if relation == "secret":
        assert "permission denied" in failure.cause


@pytest.mark.parametrize(
    ("kind", "url", "cause"),
    [
        ("postgres", "{wrong_password}", "refuses the user or the password"),
        ("postgres", "{no_database}", "has no such database or user"),
        ("postgres", "postgresql://u:{secret}@/x?host=/nowhere", "does not answer"),
        ("postgres", "postgresql://u:{secret}@127.0.0.1:1/x", "does not answer"),
        ("postgres", "postgresql://u:{secret}@nowhere.invalid/x", "not known by its host name"),
        ("postgres", "postgresql://u:{secret}@[/x", "cannot be opened"),
        ("postgres", "u:{secret}@127.0.0.1/x", "holds no URL of a postgres database"),
        ("postgres", "", "SHOP_DATABASE_URL is not set"),
        ("mysql", "mysql://u:{secret}@127.0.0.1:1/x", "does not answer"),
        ("mysql", "mysql://u:{secret}@nowhere.invalid/x", "not known by its host name"),
        ("mysql", "postgresql://u:{secret}@127.0.0.1:1/x", "holds no URL of a mysql database"),
        ("sqlite", "/nowhere/{secret}.sqlite", "is no file that can be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_says_why_and_never_its_url(
    shop: Shop,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    url: str,
    cause: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    url = url.format(
        secret=ESCAPED,
        wrong_password=server.url(password=f"{ESCAPED}-wrong"),
        no_database=server.url(database="nothing"),
    )
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    shop.source = replace(shop.source, database=Database(kind, "SHOP_DATABASE_URL"))
    failure = shop.failure()
    assert cause in failure.cause
    with pytest.raises(DatabaseError) as raised:
        reached(shop.source.database)
    assert (raised.value.cause, raised.value.__context__) == (failure.cause, None)
    out, err = capfd.readouterr()
    for text in (str(failure), str(raised.value), caplog.text, out, err):
        assert "canary" not in text
    assert [file for file, held in texts_below(shop.home) if b"canary" in held] == []


def test_nothing_that_is_written_holds_the_password(shop: Shop) -> None:
    shop.extract()
    ingest(shop.settings, {("shop", "orders"): shop.source.declared}, shop.now)
    files = list(texts_below(shop.home))
    assert len(files) >= 4
    assert [file for file, held in files if b"canary" in held or b"SHOP_DATABASE" in held] == []
    assert reached(POSTGRES) == "the postgres database of SHOP_DATABASE_URL answers"


def test_what_a_scanner_says_is_told_without_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://reader:{ESCAPED}@db.example:5432/shop?sslpassword=more-canary"
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    said = f"lost {url} as {PASSWORD} or {ESCAPED} at db.example:5432, more-canary\nand {url}"
    told = scrubbed(said, POSTGRES)
    assert told.startswith("lost … as … or …")
    assert not any(part in told for part in ("canary", "and "))


def test_a_database_that_was_not_reached_is_not_tried_again(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", server.url("wrong"))
    other = replace(shop.source, declared=replace(shop.source.declared, name="other"))
    log = server.folder / "log"
    before = log.read_text().count("password authentication failed")
    report = shop.extract(other)
    assert [failure.table for failure in report.failures] == ["orders", "other"]
    assert log.read_text().count("password authentication failed") - before == 1


def test_a_landing_folder_that_cannot_be_written_is_a_failure_of_its_table(shop: Shop) -> None:
    shop.settings.landing.mkdir(parents=True)
    (shop.settings.landing / "shop").write_text("a file stands in the way")
    assert shop.failure().cause.startswith("The landing folder or the state cannot be written")


def test_a_table_whose_files_would_be_refused_for_their_names_is_not_extracted(shop: Shop) -> None:
    declared = replace(shop.source.declared, file_sequence=re.compile(r"_(\d+)\."))
    shop.source = replace(shop.source, declared=declared)
    assert shop.failure().cause.startswith("orders has a file_sequence")


# Declarations.


@pytest.mark.parametrize(
    "meta",
    [
        {"kind": "oracle", "url_variable": "SHOP_DATABASE_URL"},
        {"kind": "postgres", "url_variable": "postgresql://u:canary@h/d"},
        {"kind": "postgres", "url_variable": "CRM_SHOP_URL"},
        {"kind": "postgres", "url": "postgresql://u:canary@h/d"},
        {"kind": "postgres"},
        "postgresql://u:canary@h/d",
    ],
)
def test_a_database_that_is_not_declared_as_it_must_be_is_refused(meta: dict[str, object]) -> None:
    with pytest.raises(DeclarationError) as raised:
        Database.from_meta(meta)
    assert "canary" not in str(raised.value)
    declared = {"kind": "postgres", "url_variable": "SHOP_DATABASE_URL"}
    assert Database.from_meta(declared) == POSTGRES


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("from", "orders; drop table orders"),
        ("from", 'public."orders"'),
        ("from", "a.b.c"),
        ("from", "1st"),
        ("from", ""),
        ("cursor", "updated at"),
        ("cursor", "max(id)"),
        ("overlap", -1),
        ("overlap", True),
        ("overlap", 1.5),
        ("overlap", "5"),
        ("overlap", "5 fortnights"),
        ("overlap", "-5 minutes"),
        ("overlap", None),
        ("whole", True),
    ],
)
def test_an_extraction_that_is_not_declared_as_it_must_be_is_refused(
    key: str, value: object
) -> None:
    declared = {"from": "public.order_lines", "cursor": "updated_at", "overlap": "5 minutes"}
    with pytest.raises(CrmError) as raised:
        Extraction.from_meta({**declared, key: value})
    assert raised.value.fix.endswith(".")
    assert Extraction.from_meta(declared) == Extraction(
        ("public", "order_lines"), "updated_at", dt.timedelta(minutes=5)
    )
    assert Extraction.from_meta({**declared, "overlap": 100}).overlap == 100


# SQLite.


def test_a_sqlite_table_arrives_as_text_and_by_its_cursor(kiosk: Shop) -> None:
    run_sqlite(
        kiosk,
        """
        create table orders (id text, amount decimal(10, 2), n integer, bytes blob,
            updated_at text);
        insert into orders values
            ('007', 12.10, 9223372036854775807, x'00ff', '2026-03-01 05:00:00'),
            ('008', 'none', 'zwei', null, '2026-03-01T07:58:00.123456+02:00');
        """,
    )
    assert kiosk.news() == [
        ("007", "12.1", "9223372036854775807", "\\x00ff", "2026-03-01 05:00:00"),
        ("008", "none", "zwei", None, "2026-03-01T07:58:00.123456+02:00"),
    ]
    assert kiosk.news() == []
    run_sqlite(
        kiosk,
        "insert into orders values ('009', 1, 1, null, '2026-03-01 05:53:01'),"
        "('010', 1, 1, null, '2026-03-01 05:52:59'), ('011', 1, 1, null, '2026-03-01T06:00:00Z')",
    )
    assert [row[0] for row in kiosk.news()] == ["009", "011"]
    assert kiosk.news() == []
    tables = {("shop", "orders"): kiosk.source.declared}
    taken = ingest(kiosk.settings, tables, kiosk.now).deliveries
    assert [(delivery.status, delivery.records) for delivery in taken] == [
        ("taken", 2),
        ("taken", 2),
    ]


def test_a_sqlite_cursor_of_integers_is_told_by_its_overlap(kiosk: Shop) -> None:
    run_sqlite(
        kiosk,
        """
        create table orders (id text, n integer);
        insert into orders values ('1', 5), ('2', 'five'), ('3', null), ('4', 5.5)
        """,
    )
    kiosk.declare("main.orders", "n", 1)
    report = kiosk.extract()
    assert (report.rows, report.failures[0].cause.split(" have")[0]) == (1, "3 rows of main.orders")
    run_sqlite(kiosk, "delete from orders where id > '1'; insert into orders values ('5', 4)")
    assert kiosk.news() == [("5", "4")]
    assert kiosk.news() == []


def test_sqlite_rows_whose_cursor_is_no_time_are_counted(kiosk: Shop) -> None:
    run_sqlite(
        kiosk,
        """
        create table orders (id text, updated_at);
        insert into orders values ('1', '2026-02-01'), ('2', 1767225600),
        ('3', 'yesterday'), ('4', null)
        """,
    )
    report = kiosk.extract()
    assert report.rows == 1
    assert report.failures[0].cause.startswith("3 rows of orders have no usable updated_at")


def test_a_file_that_is_no_sqlite_database_says_so(kiosk: Shop) -> None:
    (kiosk.home.parent / "kiosk.sqlite").write_text("no database at all, but long enough for one")
    assert "is a file, but no SQLite database" in kiosk.failure().cause


# MySQL: no server runs here, so its statements are compared as texts.


def test_what_is_asked_of_mysql() -> None:
    questions = asked(source(MYSQL, "shop.orders", "updated_at", "5 minutes"))
    columns = {
        "id": "int(11) unsigned",
        "code": "varchar(10)",
        "flag": "tinyint(1)",
        "price": "decimal(18,4)",
        "wide": "decimal(65,10)",
        "day": "date",
        "updated_at": "timestamp(6)",
        "bits": "bit(8)",
        "bytes": "longblob",
        "doc": "json",
    }
    assert questions.rows(columns, 1_772_344_800_000_000, Cursor.INSTANT) == (
        "mysql_query('source', 'select `id` as `id`, cast(`code` as char) as `code`, "
        "`flag` as `flag`, `price` as `price`, cast(`wide` as char) as `wide`, "
        "cast(`day` as char) as `day`, "
        "concat(cast(`updated_at` as char), ''+00:00'') as `updated_at`, "
        "cast(`bits` + 0 as unsigned) as `bits`, "
        "concat(''\\\\x'', lower(hex(`bytes`))) as `bytes`, cast(`doc` as char) as `doc` "
        "from `shop`.`orders` where `updated_at` >= ''1000-01-01'' "
        "and `updated_at` >= timestamp ''2026-03-01 06:00:00.000000''')"
    )
    assert "table_schema = ''shop'' and table_name = ''orders''" in questions.columns()


@pytest.mark.parametrize(
    ("kind", "cursor"),
    [
        ("bigint(20) unsigned", Cursor.INTEGER),
        ("int", Cursor.INTEGER),
        ("date", Cursor.DATE),
        ("datetime(6)", Cursor.LOCAL_TIME),
        ("timestamp", Cursor.INSTANT),
        ("varchar(36)", None),
        ("decimal(18,0)", None),
    ],
)
def test_a_mysql_cursor_is_told_by_its_type(kind: str, cursor: Cursor | None) -> None:
    assert asked(source(MYSQL, "orders", "at", 0)).cursor_of(kind) is cursor
