"""What becomes of one CSV file. Which files are looked at: test_landing_folder.py."""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq
import pytest
from lake_by_hand import Lake, packed

from crm.contracts import Column, Dialect
from crm.readers import csv_reader
from crm.readers.csv_reader import SMALL_BYTES


@pytest.fixture(autouse=True, params=[0, SMALL_BYTES], ids=["large", "small"])
def as_though(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is read as though it were large, by the parallel parser, and as it is."""
    monkeypatch.setattr(csv_reader, "SMALL_BYTES", request.param)


def test_text_arrives_as_it_was_written(lake: Lake) -> None:
    taken = lake.take("id,amount,note\n007,1.10,NULL\n9007199254740993,1e2, x \n")
    assert lake.rows(taken) == [(2, "007", "1.10", "NULL"), (3, "9007199254740993", "1e2", " x ")]
    assert (taken.status, taken.format, taken.delivered) == ("taken", "csv", 2)


def test_columns_are_known_by_name_wherever_they_stand(lake: Lake) -> None:
    taken = lake.take("note,id\nx,1\n")
    assert lake.rows(taken) == [(2, "x", "1")]
    assert taken.columns == ("note", "id")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n\n"])
def test_a_file_of_nothing_is_a_delivery_of_nothing(lake: Lake, content: bytes) -> None:
    taken = lake.take(content)
    assert (taken.status, taken.delivered, taken.columns) == ("taken", 0, ())
    assert lake.rows(taken) == []


@pytest.mark.parametrize("content", ["id,amount", "id,amount\n", "id,amount\r\n\r\n"])
def test_a_header_alone_is_a_delivery_of_no_rows(lake: Lake, content: str) -> None:
    taken = lake.take(content)
    assert (taken.status, taken.delivered, taken.columns) == ("taken", 0, ("id", "amount"))
    assert lake.rows(taken) == []


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "ending"])
def test_endings_and_byte_order_marks_make_no_difference(
    lake: Lake, ending: str, start: str, last: str
) -> None:
    text = start + ending.join(["id,note", "1,a", '2,"b, c"']) + (ending if last else "")
    assert lake.rows(lake.take(text)) == [(2, "1", "a"), (3, "2", "b, c")]


def test_a_packed_file_is_read_like_the_file_in_it(lake: Lake) -> None:
    taken = lake.take(packed("id,note\n1,a\nshort\n"), "a.csv.gz")
    assert lake.rows(taken) == [(2, "1", "a")]
    assert lake.rejects(taken) == [(3, "short", "1 fields where the header has 2.")]


def test_short_and_long_rows_are_kept_aside_under_their_line_number(lake: Lake) -> None:
    taken = lake.take("id,note\n1,a\n2\n3,b,c\n4,d\n")
    assert lake.rows(taken) == [(2, "1", "a"), (5, "4", "d")]
    assert lake.rejects(taken) == [
        (3, "2", "1 fields where the header has 2."),
        (4, "3,b,c", "3 fields where the header has 2."),
    ]
    assert (taken.delivered, taken.records, taken.unparseable) == (4, 2, 2)


def test_empty_fields_beyond_the_header_carry_nothing(lake: Lake) -> None:
    lines = "id,note\n1,a,\n2,b,,\n"
    plain, parted = lake.take(lines), lake.take(lines + "\n", "b.csv")
    assert lake.rows(plain) == lake.rows(parted) == [(2, "1", "a"), (3, "2", "b")]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(lake: Lake) -> None:
    taken = lake.take('id,note\n1,a\n2,"b\n3,c\n4,d\n')
    assert lake.rows(taken) == [(2, "1", "a"), (4, "3", "c"), (5, "4", "d")]
    assert lake.rejects(taken) == [(3, '2,"b', "A quote opens here and is never closed.")]


def test_two_broken_quotes_do_not_swallow_what_stands_between(lake: Lake) -> None:
    taken = lake.take('id,note\n1,"a\n2,b\n3,"c\n4,d\n')
    assert [row[0] for row in lake.rows(taken)] == [3, 5]
    assert [row[:2] for row in lake.rejects(taken)] == [(2, '1,"a'), (4, '3,"c')]


def test_a_quoted_line_break_belongs_to_its_value(lake: Lake) -> None:
    taken = lake.take('id,note\n1,"a\nb\r\nc"\n\n2,d\n')
    assert lake.rows(taken) == [(2, "1", "a\nb\r\nc"), (6, "2", "d")]
    assert lake.rejects(taken) == []


def test_text_behind_a_closing_quote_is_no_record(lake: Lake) -> None:
    taken = lake.take('id,note\n1,"a"b\n2,c\n')
    assert lake.rows(taken) == [(3, "2", "c")]
    ((number, line, reason),) = lake.rejects(taken)
    assert (number, line) == (2, '1,"a"b')
    assert "quotes do not add up" in str(reason)


def test_blank_lines_are_no_rows_but_are_counted_as_lines(lake: Lake) -> None:
    taken = lake.take("id\n1\n\n2\n\n")
    assert lake.rows(taken) == [(2, "1"), (4, "2")]
    assert taken.delivered == 2


@pytest.mark.parametrize("tail", ["", '3,"x\ny"\n'], ids=["plain lines", "line by line"])
def test_nul_bytes_stay_in_the_text_for_the_contract_to_judge(lake: Lake, tail: str) -> None:
    taken = lake.take("id,note\n1,a\x00b\n" + tail)
    assert lake.rows(taken)[0] == (2, "1", "a\x00b")


def test_a_line_longer_than_allowed_is_kept_aside_and_the_rest_goes_on(lake: Lake) -> None:
    lake.options["max_line_bytes"] = 50
    taken = lake.take("id,note\n1," + "x" * 49 + "\n2," + "é" * 24 + "\n3,ok\n")
    assert [row[0] for row in lake.rows(taken)] == [3, 4]
    ((number, line, reason),) = lake.rejects(taken)
    assert (number, line) == (2, "1," + "x" * 48)
    assert "longer than 50 bytes" in str(reason)


@pytest.mark.parametrize("tail", ["", '3,"x\ny"\n'], ids=["plain lines", "line by line"])
def test_a_long_value_in_a_line_that_is_not_too_long_arrives(lake: Lake, tail: str) -> None:
    taken = lake.take("id,note\n1," + "x" * 500_000 + "\n" + tail)
    assert lake.rows(taken)[0] == (2, "1", "x" * 500_000)
    assert taken.unparseable == 0


def test_a_broken_quote_is_not_followed_for_longer_than_a_line_may_be(lake: Lake) -> None:
    lake.options["max_line_bytes"] = 30
    taken = lake.take('id,note\n1,"a\n' + "2,bbbbbb\n" * 9 + '3,c"\n')
    assert len(lake.rows(taken)) == 10
    ((number, _, reason),) = lake.rejects(taken)
    assert number == 2
    assert "not closed within 30 bytes" in str(reason)


def test_a_declared_encoding_is_read(lake: Lake) -> None:
    lake.declare(dialect=Dialect(encoding="utf-16"))
    assert lake.rows(lake.take("id,note\n1,Zoë 王\n".encode("utf-16"))) == [(2, "1", "Zoë 王")]


def test_a_declared_dialect_is_read(lake: Lake) -> None:
    lake.declare(dialect=Dialect(delimiter=";", quote="'", escape="\\", encoding="cp1252"))
    taken = lake.take("id;note\n1;'a;b \\' c'\n2;€\n".encode("cp1252"))
    assert lake.rows(taken) == [(2, "1", "a;b ' c"), (3, "2", "€")]


def test_an_undecodable_file_is_refused_whole_and_kept_as_it_is(lake: Lake) -> None:
    content = "id,note\n1,Zoë\n".encode("latin-1")
    refused = lake.take(content)
    assert (refused.status, refused.delivered, refused.unparseable) == ("refused", 1, 1)
    assert str(refused.reason).startswith("Byte 12 is no utf-8 text")
    assert lake.rejects(refused) == [(None, None, refused.reason)]
    kept = lake.settings.raw / "_rejects/shop/transactions" / f"{refused.content_hash}.bytes"
    assert kept.read_bytes() == content


def test_a_new_column_is_kept_and_reported(lake: Lake) -> None:
    taken = lake.take("id,colour\n1,red\n")
    assert (taken.status, taken.extra_columns) == ("taken", ("colour",))
    assert lake.rows(taken) == [(2, "1", "red")]


def test_a_missing_required_column_refuses_the_file_and_names_the_nearest(lake: Lake) -> None:
    refused = lake.take("idd,note\n1,a\n\n2,b\n")
    assert refused.reason == "Column 'id' is missing; the nearest delivered is 'idd'."
    assert (refused.delivered, refused.records, refused.unparseable) == (2, 0, 2)
    assert [row[:2] for row in lake.rejects(refused)] == [(2, "1,a"), (4, "2,b")]
    assert refused.columns == ("idd", "note")


def test_one_of_a_group_of_columns_must_be_there(lake: Lake) -> None:
    lake.declare(require_one_of=(("unit_price", "line_amount"),))
    refused = lake.take("id,price\n1,2\n")
    assert refused.reason == (
        "Column 'unit_price' or 'line_amount' is missing; the nearest delivered is 'price'."
    )
    assert lake.take("id,line_amount\n1,2\n", "b.csv").status == "taken"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,id", "Column 'id' is delivered twice; names that differ in case are the same."),
        ("id,ID", "Column 'ID' is delivered twice; names that differ in case are the same."),
        ("id,", "Column 2 has no name."),
        ("id,_Line_Number", "Column '_Line_Number' has a name that the lake keeps for itself."),
        ("id,_load_id", "Column '_load_id' has a name that the lake keeps for itself."),
        ('id,"a\nb"', "Column 2 has a name that is no name: 'a\\nb'."),
    ],
)
def test_a_header_that_cannot_be_trusted_refuses_the_file(
    lake: Lake, header: str, reason: str
) -> None:
    refused = lake.take(f"{header}\n1,2\n")
    assert (refused.status, refused.reason) == ("refused", reason)
    assert [line for _, line, _ in lake.rejects(refused)] == ["1,2"]


def test_a_header_with_a_broken_quote_keeps_every_line(lake: Lake) -> None:
    refused = lake.take('id,"note\n1,a\n')
    assert str(refused.reason).startswith("Its header cannot be read")
    assert [row[:2] for row in lake.rejects(refused)] == [(1, 'id,"note'), (2, "1,a")]


def test_a_text_instead_of_a_number_late_in_the_file_is_just_text(lake: Lake) -> None:
    lines = "".join(f"{number},1.00\n" for number in range(30_000))
    taken = lake.take("id,amount\n" + lines + "30000,n/a\n")
    assert lake.rows(taken)[-1] == (30_002, "30000", "n/a")
    assert taken.records == 30_001


def test_names_of_columns_are_data_and_never_sql(lake: Lake) -> None:
    nasty = "x'); drop table t; --"
    taken = lake.take(f"id,\"{nasty}\",'a b'\n1,2,3\n")
    assert taken.columns == ("id", nasty, "'a b'")
    assert lake.rows(taken) == [(2, "1", "2", "3")]


def test_rows_stand_in_the_file_in_the_order_of_their_lines(lake: Lake) -> None:
    lines = "".join(f"{number}\n" for number in range(300_000))
    plain = lake.take("id\n" + lines)
    parted = lake.take("id\n" + lines + "\n", "b.csv")
    expected = [(number + 2, str(number)) for number in range(300_000)]
    assert lake.rows(plain) == expected
    assert lake.rows(parted) == expected


def test_parquet_keeps_its_types_and_gets_row_numbers(lake: Lake, tmp_path) -> None:
    source = tmp_path / "source.parquet"
    duckdb.execute(
        f"copy (select 7::bigint as id, 1.10::decimal(9,2) as amount, date '2024-02-29' as day "
        f"union all select 8, null, null) to '{source}'"
    )
    taken = lake.take(source.read_bytes(), "a.parquet")
    stored = lake.settings.raw / "shop/transactions" / f"{taken.stored_as}.parquet"
    assert [str(column.type) for column in pq.read_schema(stored)] == [
        "int64",
        "decimal128(9, 2)",
        "date32[day]",
        "int64",
    ]
    assert [row[:2] for row in lake.rows(taken)] == [(1, 7), (2, 8)]
    assert taken.extra_columns == ("day",)


def test_parquet_without_a_required_column_is_refused(lake: Lake, tmp_path) -> None:
    source = tmp_path / "source.parquet"
    duckdb.execute(f"copy (select 7 as key) to '{source}'")
    refused = lake.take(source.read_bytes(), "a.parquet")
    assert refused.reason == (
        "No column name is known: the file has no header, or that of another table."
    )
    assert lake.rejects(refused) == [(None, None, refused.reason)]


def test_parquet_with_damaged_pages_is_refused_and_others_are_not(lake: Lake, tmp_path) -> None:
    source = tmp_path / "source.parquet"
    duckdb.execute(f"copy (select i as id from range(5000) t(i)) to '{source}' (compression zstd)")
    content = bytearray(source.read_bytes())
    content[4:200] = b"\xff" * 196
    lake.deliver("a.parquet", bytes(content))
    lake.deliver("b.csv", "id\n1\n")
    damaged, whole = lake.ingest().deliveries
    assert (damaged.status, whole.status) == ("refused", "taken")
    assert str(damaged.reason).startswith("It cannot be read")


def test_required_names_match_without_regard_to_case(lake: Lake) -> None:
    lake.declare(columns=(Column("Customer ID", is_required=True),))
    assert lake.take("customer id\n1\n").extra_columns == ()
