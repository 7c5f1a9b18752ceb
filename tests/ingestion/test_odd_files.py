"""Files that are odd in ways that no format forbids: each costs itself at most, no neighbour."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lake_by_hand import Lake

from crm.contracts import Column
from crm.lake import ingestion, landing, raw_views
from crm.readers import readers
from crm.readers.headers import MOST_COLUMNS

GOOD = "id,amount\n1,2\n"


def counted(lake: Lake, *, zone: str = "UTC") -> list[tuple[object, ...]]:
    """`(load, line, id, amount, note)` of every row that counts, as the models read it."""
    table = lake.table
    with duckdb.connect() as con:
        con.execute(f"set TimeZone = '{zone}'")
        raw_views.register(con, lake.settings, {(table.system, table.name): table})
        return con.execute(
            "select * from raw.shop__transactions order by _load_id, _line_number"
        ).fetchall()


def parquet(folder: Path, **columns: pa.Array) -> bytes:
    """A Parquet file of these columns, as bytes."""
    file = folder / "made.parquet"
    pq.write_table(pa.table(dict(columns)), file)
    return file.read_bytes()


# DuckDB's own names for the file and the number of a row, where it is asked for them.
@pytest.mark.parametrize("name", ["filename", "FileName", "file_row_number"])
def test_a_column_that_the_reader_would_add_itself_stops_nothing(lake: Lake, name: str) -> None:
    taken = lake.take(f"id,{name}\n1,x\n")
    lake.take(GOOD, "b.csv")
    assert taken.extra_columns == (name,)
    assert counted(lake) == [(1, 2, "1", None, None), (2, 2, "1", "2", None)]


def test_the_same_in_parquet_is_taken_or_refused_by_name(lake: Lake, tmp_path: Path) -> None:
    ids = pa.array([1])
    lake.deliver("a.parquet", parquet(tmp_path, id=ids, filename=pa.array(["x"])))
    lake.deliver("b.parquet", parquet(tmp_path, id=ids, File_Row_Number=pa.array([7])))
    taken, refused = lake.ingest().deliveries
    assert (taken.status, refused.status) == ("taken", "refused")
    assert refused.reason == (
        "Column 'file_row_number' has a name that the reader of Parquet keeps for itself."
    )
    assert counted(lake) == [(1, 1, "1", None, None)]


def test_a_name_that_the_lake_uses_is_refused(lake: Lake) -> None:
    assert lake.take("id,_Stored_As\n1,x\n").reason == (
        "Column '_Stored_As' has a name that the lake keeps for itself."
    )


INSTANT = 1_767_607_200_123_456  # microseconds: 2026-01-05 10:00:00.123456
TYPED = {
    "a number of 38 digits": (
        pa.array([Decimal("1" * 29 + ".123456789")], pa.decimal128(38, 9)),
        "1" * 29 + ".123456789",
    ),
    "an id that no double holds": (pa.array([9007199254740993]), "9007199254740993"),
    "the largest unsigned": (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    "nanoseconds": (
        pa.array([INSTANT * 1000 + 789], pa.timestamp("ns")),
        "2026-01-05 10:00:00.123456789",
    ),
    "an instant of a zone": (
        pa.array([INSTANT], pa.timestamp("us", "America/New_York")),
        "2026-01-05 10:00:00.123456+00",
    ),
    "a day": (pa.array([20458], pa.date32()), "2026-01-05"),
    "not a number": (pa.array([float("nan")]), "nan"),
    "infinity": (pa.array([float("-inf")]), "-inf"),
    "a small fraction": (pa.array([0.00001]), "0.000010000000"),
    "a single": (pa.array([1.1], pa.float32()), "1.1"),
    "a fraction beyond twelve decimals": (pa.array([1.5e-13]), "1.5e-13"),
    "a double beyond 38 digits": (pa.array([1e300]), "1e+300"),
    "a list": (pa.array([[1, 2]]), "[1, 2]"),
    "a struct": (pa.array([{"a": 1}]), "{'a': 1}"),
    "words by number": (pa.array(["x"]).dictionary_encode(), "x"),
    "bytes": (pa.array([b"\xaa"]), "\\xAA"),
    "nothing": (pa.nulls(1), None),
}


@pytest.mark.parametrize("case", TYPED)
def test_what_parquet_types_arrives_as_the_text_of_it(
    lake: Lake, tmp_path: Path, case: str
) -> None:
    values, text = TYPED[case]
    taken = lake.take(parquet(tmp_path, id=pa.array(["a"]), amount=values), "a.parquet")
    assert taken.status == "taken"
    assert counted(lake) == [(1, 1, "a", text, None)]


def test_int96_instants_are_read(lake: Lake, tmp_path: Path) -> None:
    table = pa.table({"id": ["a"], "amount": pa.array([INSTANT], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    lake.take((tmp_path / "a.parquet").read_bytes(), "a.parquet")
    assert counted(lake) == [(1, 1, "a", "2026-01-05 10:00:00.123456", None)]


def test_files_of_different_types_leave_each_other_as_they_are(lake: Lake, tmp_path: Path) -> None:
    for at, (values, _) in enumerate(TYPED.values()):
        content = parquet(tmp_path, id=pa.array([f"{at}"]), amount=values)
        lake.deliver(f"{at:02}.parquet", content)
    lake.deliver("99.csv", GOOD)
    lake.ingest()
    assert [row[3] for row in counted(lake)] == [*(text for _, text in TYPED.values()), "2"]


def test_files_of_equal_types_are_scanned_together(lake: Lake, tmp_path: Path) -> None:
    for at in range(3):
        content = parquet(tmp_path, id=pa.array([at]), note=pa.array([f"{at}"]))
        lake.deliver(f"{at}.parquet", content)
        lake.deliver(f"{at}.csv", f"id,more{at}\n{at},x\n")
    lake.ingest()
    with duckdb.connect() as con:
        raw_views.register(con, lake.settings, {("shop", "transactions"): lake.table})
        [(sql,)] = con.execute(
            "select sql from duckdb_views() where view_name = 'shop__transactions'"
        ).fetchall()
    assert sql.count("read_parquet") == 2
    assert len(counted(lake)) == 6


def test_parquet_with_one_name_twice_is_refused(lake: Lake, tmp_path: Path) -> None:
    twins = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "ID"])
    pq.write_table(twins, tmp_path / "a.parquet")
    refused = lake.take((tmp_path / "a.parquet").read_bytes(), "a.parquet")
    assert str(refused.reason).startswith("Column 'ID' is delivered twice")


def test_parquet_without_rows_is_a_delivery_of_no_rows(lake: Lake, tmp_path: Path) -> None:
    taken = lake.take(parquet(tmp_path, id=pa.array([], pa.int64())), "a.parquet")
    assert (taken.status, taken.delivered, taken.columns) == ("taken", 0, ("id",))
    assert counted(lake) == []


def test_instants_of_parquet_are_in_utc_wherever_the_session_is(lake: Lake, tmp_path: Path) -> None:
    instant = pa.array([INSTANT], pa.timestamp("us", "UTC"))
    lake.take(parquet(tmp_path, id=pa.array(["a"]), amount=instant), "a.parquet")
    (here,), (there,) = counted(lake), counted(lake, zone="Asia/Shanghai")
    assert here[3] == "2026-01-05 10:00:00.123456+00"
    assert there[3] == "2026-01-05 18:00:00.123456+08"  # the same instant, its offset beside it


@pytest.mark.parametrize("columns", [MOST_COLUMNS, MOST_COLUMNS + 1, 100_000])
def test_columns_without_end_refuse_the_file_and_the_next_goes_on(lake: Lake, columns: int) -> None:
    lake.deliver("a.csv", ",".join(["id", *map("c{}".format, range(1, columns))]) + "\n")
    lake.deliver("b.csv", GOOD)
    wide, good = lake.ingest().deliveries
    too_many = f"It has {columns} columns; the most that are read are {MOST_COLUMNS}."
    assert wide.reason == (too_many if columns > MOST_COLUMNS else None)
    assert good.status == "taken"


def test_line_ends_of_every_kind_may_stand_in_one_file(lake: Lake) -> None:
    taken = lake.take('\ufeff"id","note"\r\n"1","a"\n2,b\r3,"c\r\nd"\r\n')
    assert taken.columns == ("id", "note")
    assert lake.rows(taken) == [(2, "1", "a"), (3, "2", "b"), (4, "3", "c\r\nd")]


def test_what_is_packed_twice_or_under_a_plain_name_is_refused(lake: Lake) -> None:
    once = gzip.compress(GOOD.encode())
    lake.deliver("a.csv.gz", gzip.compress(once))
    lake.deliver("b.csv", once)
    lake.deliver("c.csv.gz", once)
    twice, plain, packed = lake.ingest().deliveries
    for refused in (twice, plain):
        assert str(refused.reason).startswith("Byte 1 is no utf-8 text")
    assert packed.status == "taken"


def test_keys_inside_a_value_may_differ_in_case_only(lake: Lake) -> None:
    taken = lake.take('{"id": 1, "note": {"A": 1, "a": 2}}\n', "a.jsonl")
    assert lake.rows(taken) == [(1, "1", '{"A":1,"a":2}')]


def test_a_folder_that_is_called_like_a_file_is_named_and_passed_over(lake: Lake) -> None:
    lake.deliver("b.csv", GOOD).with_name("a.csv").mkdir()
    report = lake.ingest()
    assert [delivery.file for delivery in report.deliveries] == ["b.csv"]
    assert report.warnings == ("'shop/transactions/a.csv' is a folder: tables have none inside.",)


def test_a_file_that_vanishes_before_it_is_looked_at_is_no_file(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.deliver("a.csv", GOOD)
    lake.deliver("b.csv", GOOD)
    look = landing._landing_file

    def late(file: Path, *rest: object) -> landing.LandingFile | None:
        if file.name == "a.csv":
            file.unlink()
        return look(file, *rest)

    monkeypatch.setattr(landing, "_landing_file", late)
    report = lake.ingest()
    assert ([d.file for d in report.deliveries], report.waiting) == (["b.csv"], ())


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_vanishes_or_changes_while_it_is_read_waits(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    lake.deliver("a.csv", GOOD)
    lake.deliver("b.csv", GOOD)
    read = readers.read

    def late(con: duckdb.DuckDBPyConnection, file: landing.LandingFile, *rest: object) -> object:
        if file.file.name == "a.csv" and replaced:
            file.file.write_text(GOOD + "3,4\n")
        elif file.file.name == "a.csv":
            file.file.unlink()
        return read(con, file, *rest)

    monkeypatch.setattr(ingestion.readers, "read", late)
    report = lake.ingest()
    assert [delivery.file for delivery in report.deliveries] == ["b.csv"]
    assert [waiting.path for waiting in report.waiting] == ["shop/transactions/a.csv"]
    monkeypatch.undo()
    assert [delivery.records for delivery in lake.ingest().deliveries] == [2] * replaced


def test_no_more_than_the_declared_columns_reach_the_models(lake: Lake) -> None:
    lake.declare(columns=(Column("id", is_required=True),))
    lake.take(GOOD)
    assert counted(lake) == [(1, 2, "1")]
