"""A file that was taken is read again when the declaration of how it is read has changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from lake_by_hand import Lake
from workbook_by_hand import row, text, workbook

from crm.contracts import Column, Dialect
from crm.lake import raw_views
from crm.lake.deliveries import read_deliveries, withdraw
from crm.settings import PROJECT_ROOT

NAMES = "id,note\n1,王小明\n2,龍\n"
GBK, LATIN = Dialect(encoding="gbk"), Dialect(encoding="latin-1")


def views(lake: Lake, known_at: int | None = None) -> tuple[list[tuple[object, ...]], ...]:
    """Rows that count, in the order of precedence, and (load, status, precedence) of each load."""
    table = lake.table
    with duckdb.connect() as con:
        raw_views.register(
            con, lake.settings, {(table.system, table.name): table}, known_at=known_at
        )
        rows = con.execute(
            "select r.* exclude (_load_id) from raw.shop__transactions as r "
            "inner join raw.deliveries as d on d.load_id = r._load_id "
            "order by d.precedence, r._line_number"
        ).fetchall()
        loads = con.execute(
            "select load_id, status, precedence from raw.deliveries order by load_id"
        ).fetchall()
    return rows, loads


def test_a_mended_encoding_gives_what_a_clean_delivery_gives(lake: Lake, tmp_path: Path) -> None:
    lake.declare(dialect=LATIN)
    wrong = lake.take(NAMES.encode("gbk"))
    assert lake.rows(wrong) != [(2, "1", "王小明"), (3, "2", "龍")]
    lake.declare(dialect=GBK)
    (again,) = lake.ingest().deliveries
    clean = Lake(tmp_path / "clean", table=lake.table)
    clean.take(NAMES.encode("gbk"))
    assert lake.rows(again) == [(2, "1", "王小明"), (3, "2", "龍")]
    assert views(lake)[0] == views(clean)[0]
    assert (again.replaces, again.path, again.content_hash) == (
        (1,),
        wrong.path,
        wrong.content_hash,
    )
    assert again.delivered_at == wrong.delivered_at


def test_the_earlier_reading_counts_no_more_and_is_still_accounted_for(lake: Lake) -> None:
    lake.declare(dialect=LATIN)
    wrong = lake.take(NAMES.encode("gbk"))
    lake.declare(dialect=GBK)
    lake.ingest()
    assert [(load, status) for load, status, _ in views(lake)[1]] == [
        (1, "read_again"),
        (2, "taken"),
    ]
    first, second = read_deliveries(lake.settings)
    assert (first.status, second.status) == ("read_again", "taken")
    assert first.reason == ("Its declaration changed, and its file was read again as delivery 2.")
    assert (first.records, lake.rows(first)) == (2, lake.rows(wrong))


def test_what_was_known_before_is_as_it_was(lake: Lake) -> None:
    lake.declare(dialect=LATIN)
    wrong = lake.take(NAMES.encode("gbk"))
    lake.declare(dialect=GBK)
    lake.ingest()
    rows, loads = views(lake, known_at=1)
    assert [(number, key, note) for number, key, _, note in rows] == lake.rows(wrong)
    assert loads == [(1, "taken", 1)]


def test_reading_again_happens_once(lake: Lake) -> None:
    lake.take("id\n1\n")
    lake.declare(dialect=Dialect(delimiter=";"))
    assert len(lake.ingest().deliveries) == 1
    assert (lake.ingest().deliveries, lake.ingest().unchanged) == ((), 1)
    (lake.settings.raw / "_seen.json").unlink()
    assert lake.ingest().deliveries == ()


def test_a_declaration_changed_back_counts_its_reading_once(lake: Lake) -> None:
    for dialect in (GBK, LATIN, GBK):
        lake.declare(dialect=dialect)
        lake.deliver("a.csv", NAMES.encode("gbk"))
        lake.ingest()
    rows, loads = views(lake)
    assert [note for *_, note in rows] == ["王小明", "龍"]
    assert loads == [(1, "read_again", 1), (2, "read_again", 2), (3, "taken", 3)]


def test_a_declaration_that_refuses_the_file_leaves_what_was_read_before(lake: Lake) -> None:
    lake.declare(dialect=GBK)
    lake.take(NAMES.encode("gbk"))
    lake.declare(dialect=Dialect())
    (refused,) = lake.ingest().deliveries
    assert (refused.status, refused.replaces) == ("refused", ())
    assert [note for *_, note in views(lake)[0]] == ["王小明", "龍"]
    lake.declare(dialect=GBK)
    (taken,) = lake.ingest().deliveries
    assert (taken.status, taken.replaces) == ("taken", (1,))
    assert [note for *_, note in views(lake)[0]] == ["王小明", "龍"]


def test_a_file_that_is_read_again_keeps_its_place_among_the_others(lake: Lake) -> None:
    lake.take("id\nz1\n", "z.csv")
    lake.take("id\na2\n", "a.csv")
    lake.declare(dialect=Dialect(quote="'"))
    lake.ingest()  # in the order of the names: a, then z
    rows, loads = views(lake)
    assert [key for _, key, *_ in rows] == ["z1", "a2"]
    assert [load for load, status, _ in loads if status == "taken"] == [3, 4]


def test_every_delivery_of_a_content_that_was_read_wrongly_is_replaced(lake: Lake) -> None:
    lake.declare(dialect=LATIN)
    for content in (NAMES, "id,note\n1,x\n", NAMES):
        lake.take(content.encode("gbk"))
    lake.declare(dialect=GBK)
    (again,) = lake.ingest().deliveries
    assert (again.replaces, again.arrival) == ((1, 3), 3)
    assert [status for _, status, _ in views(lake)[1]] == [
        "read_again",
        "taken",
        "read_again",
        "taken",
    ]


def test_the_same_content_that_comes_back_replaces_nothing(lake: Lake) -> None:
    deliveries = [lake.take(content) for content in ("id\n1\n", "id\n2\n", "id\n1\n")]
    assert [delivery.replaces for delivery in deliveries] == [(), (), ()]


def test_what_a_person_withdrew_is_not_read_again(lake: Lake) -> None:
    lake.take("id\n1\n")
    withdraw(lake.settings, 1, "wrong")
    lake.declare(dialect=Dialect(delimiter=";"))
    assert lake.ingest().deliveries == ()


def test_withdrawing_the_new_reading_does_not_bring_the_old_one_back(lake: Lake) -> None:
    lake.take("id\n1\n")
    lake.declare(dialect=Dialect(delimiter=";"))
    lake.ingest()
    withdraw(lake.settings, 2, "wrong")
    assert views(lake)[0] == []


def test_what_decides_nothing_about_the_rows_reads_nothing_again(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\n")
    lake.deliver("b.jsonl", '{"id": 1}\n')
    lake.deliver("c.xlsx", workbook({"S": row(text("id"))}))
    lake.ingest()
    lake.declare(columns=(*lake.table.columns, Column("more")), dialect=Dialect(encoding="UTF8"))
    assert lake.ingest().deliveries == ()


@pytest.mark.parametrize(
    ("dialect", "again"),
    [
        (Dialect(delimiter=";"), ["a.csv"]),
        (Dialect(quote="'"), ["a.csv"]),
        (Dialect(escape="\\"), ["a.csv"]),
        (Dialect(encoding="gbk"), ["a.csv", "b.jsonl"]),
        (Dialect(sheet="T"), ["c.xlsx"]),
    ],
)
def test_each_format_is_read_again_for_its_own_part_of_the_dialect(
    lake: Lake, dialect: Dialect, again: list[str]
) -> None:
    lake.deliver("a.csv", "id\n1\n")
    lake.deliver("b.jsonl", '{"id": 1}\n')
    lake.deliver("c.xlsx", workbook({"S": row(text("id")), "T": row(text("id"))}))
    lake.ingest()
    lake.declare(dialect=dialect)
    assert [delivery.file for delivery in lake.ingest().deliveries] == again


def test_lines_kept_aside_belong_to_the_reading_that_kept_them(lake: Lake) -> None:
    first = lake.take("id;note\n1;a\n2\n")
    assert first.status == "refused"
    lake.declare(dialect=Dialect(delimiter=";"))
    (second,) = lake.ingest().deliveries
    lake.declare(dialect=Dialect(delimiter=";", quote="'"))
    (third,) = lake.ingest().deliveries
    for delivery in (second, third):
        assert lake.rejects(delivery) == [(3, "2", "1 fields where the header has 2.")]
    with duckdb.connect() as con:
        raw_views.register(con, lake.settings, {("shop", "transactions"): lake.table})
        kept = con.execute(
            "select load_id, line_number from raw.unparseable_lines order by all"
        ).fetchall()
    assert kept == [(1, 2), (1, 3), (2, 3), (3, 3)]


KILLED = """
import os, signal, sys
from pathlib import Path
from crm.contracts import Dialect
from lake_by_hand import Lake

lake = Lake(Path(sys.argv[1]))
lake.declare(dialect=Dialect(encoding="gbk"))
lake.ingest(progress=lambda path, done, total: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_run_that_is_killed_while_it_reads_again_leaves_what_was(lake: Lake) -> None:
    lake.declare(dialect=LATIN)
    lake.take(NAMES.encode("gbk"))
    before = views(lake)
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(lake.home)],
        env={**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}:{Path(__file__).parent}"},
        capture_output=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    assert len(list((lake.settings.raw / "shop/transactions").iterdir())) == 2
    assert views(lake) == before
    lake.declare(dialect=GBK)
    (again,) = lake.ingest().deliveries
    assert (again.load_id, again.replaces) == (2, (1,))
    assert [note for *_, note in views(lake)[0]] == ["王小明", "龍"]
