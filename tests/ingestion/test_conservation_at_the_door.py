"""Whatever bytes are delivered: no error, every line in exactly one place, neighbours unharmed."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lake_by_hand import LINES, Lake, physical_lines
from workbook_by_hand import row, text, workbook

from crm.contracts import Dialect
from crm.readers import csv_reader
from crm.readers.reading import Work

PIECES = [
    "a",
    "1",
    "é",
    " ",
    "\t",
    ",",
    ",",
    ",",
    '"',
    '""',
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\x00",
    "\\",
]
LINE = st.lists(st.sampled_from(["x", "", '"q"', '"a,b"', "y z"]), min_size=1, max_size=4)
NOISE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
BODY = st.lists(st.one_of(LINE.map(",".join), NOISE), max_size=12)
GOOD = "id,amount\n1,2\n3,4\n"
NAMES = ["a.csv", "a.csv.gz", "a.parquet", "a.jsonl", "a.jsonl.gz", "a.xlsx"]


@pytest.fixture(autouse=True, scope="module")
def as_though_large() -> Iterator[None]:
    """Small files are read as large ones are, by the parallel parser where it may have them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv_reader, "SMALL_BYTES", 0)
        yield


def accounted(lake: Lake, delivery: object, text: str) -> dict[int, str]:
    """Line number to what became of it. Fails where one line is in two places."""
    places: dict[int, str] = {}
    for number, *values in lake.rows(delivery):
        breaks = sum(len(re.findall(r"\r\n|\r|\n", value)) for value in values if value)
        for line in range(number, number + breaks + 1):
            assert line not in places
            places[line] = "record"
    lines = physical_lines(text)
    for number, line, _ in lake.rejects(delivery):
        assert number not in places
        assert line == lines[number - 1]
        places[number] = "reject"
    return places


@settings(max_examples=150, deadline=None)
@given(body=BODY, ending=st.sampled_from(["\n", "\r\n"]), ends=st.booleans())
def test_every_line_ends_in_exactly_one_place(body: list[str], ending: str, ends: bool) -> None:
    text = ending.join(["id,amount", *body]) + (ending if ends else "")
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(Path(home))
        lake.deliver("good.csv", GOOD)
        lake.deliver("odd.csv", text)
        good, odd = lake.ingest().deliveries
        assert odd.status == "taken"
        places = accounted(lake, odd, text)
        lines = enumerate(physical_lines(text)[1:], start=2)
        assert {number for number, line in lines if line} <= set(places)
        assert odd.records == len(lake.rows(odd))
        assert odd.unparseable == len(lake.rejects(odd)) == list(places.values()).count("reject")
        assert odd.delivered == odd.records + odd.unparseable
        assert lake.rows(good) == [(2, "1", "2"), (3, "3", "4")]


def both_ways(text: str) -> list[tuple[object, ...]]:
    """What becomes of a text that is read as large files are, and of the same line by line."""
    outcomes = []
    for small_bytes in (0, 1_000_000):
        with (
            tempfile.TemporaryDirectory() as folder,
            duckdb.connect() as connection,
            pytest.MonkeyPatch.context() as patched,
        ):
            patched.setattr(csv_reader, "SMALL_BYTES", small_bytes)
            work = Work(Path(folder) / "work")
            work.folder.mkdir()
            file = Path(folder) / "a.csv"
            file.write_bytes(text.encode())
            reading = csv_reader.read(connection, file, LINES, 2_000_000, work)
            kept = connection.read_parquet(str(work.records)).fetchall()
            thrown = reading.unparseable and connection.read_parquet(str(work.rejects)).fetchall()
            outcomes.append((reading, kept, thrown))
    return outcomes


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(
        st.one_of(LINE.map(",".join), NOISE.filter(lambda n: not re.search("[\r\n]", n)))
    )
)
@example(lines=[' "q",x', 'x, "a,b"', '\t"q",x'])
@example(lines=['"" ,x'])
@example(lines=["x,y,", "x,y,,", 'x,y,""', "x", "x,y,z"])
@example(lines=[",,\x00"])
def test_both_ways_of_reading_judge_each_line_alike(lines: list[str]) -> None:
    large, small = both_ways("id,amount\n" + "".join(f"{line}\n" for line in lines if line))
    assert large == small


BROKEN = [
    "",
    "x",
    '"a',
    'b"',
    '"a,b"',
    '"',
    '""',
    '2,"c',
    'd",e',
    '5" x',
    "x,y",
    '"q","r"',
    '"s\n"',
]
VALUE = st.text('ab,\n"', max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"')
SOUND = st.tuples(VALUE, VALUE).map(",".join)


@settings(max_examples=100, deadline=None)
@given(
    records=st.lists(st.one_of(SOUND, SOUND, st.lists(st.sampled_from(BROKEN)).map("\n".join))),
    ending=st.sampled_from(["\n", "\r\n"]),
    ends=st.booleans(),
)
@example(records=['"a\n","b"', "", '"c","\n\n"'], ending="\n", ends=True)
@example(records=['"a\n","b"', "2,x,y", '"c\n'], ending="\n", ends=False)
@example(records=['"a","b"', 'd",e', "", '"'], ending="\n", ends=True)
@example(records=['1,5" x', '2,6" y', '3,"\n4,a"'], ending="\n", ends=True)
def test_both_ways_of_reading_agree_on_values_that_run_over_several_lines(
    records: list[str], ending: str, ends: bool
) -> None:
    large, small = both_ways(ending.join(["id,amount", *records]) + ending * ends)
    assert large == small


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), name=st.sampled_from(NAMES))
def test_no_bytes_at_all_stop_the_run_or_harm_the_neighbours(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(Path(home), options={"incomplete_after_minutes": 1e-9})
        lake.deliver(name, content)
        lake.deliver("good.csv", GOOD)
        report = lake.ingest()
        odd, good = report.deliveries
        assert odd.delivered == odd.records + odd.unparseable
        assert len(lake.rejects(odd)) == odd.unparseable
        assert lake.rows(good) == [(2, "1", "2"), (3, "3", "4")]
        assert lake.ingest().unchanged == 2


COLUMNS = ("id", "amount", "note")
NOTES = [
    "",
    "a",
    'say "no"',
    "a,b;c",
    "a\nb",
    "\u00e9",
    "\u738b\u5c0f\u660e",
    "=1+1",
    " x ",
    "'",
    "NULL",
]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["1", "007", "9007199254740993", "x y"]),
        st.decimals(-(10**12), 10**12, places=2, allow_nan=False).map(str),
        st.sampled_from(NOTES),
    ),
    min_size=1,
    max_size=8,
)
# Where among the records a line stands that is none.
TORN = st.lists(st.integers(0, 8), max_size=3)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030", "windows-1252"]
Records = list[tuple[str, str, str]]


def delivered_as(name: str, records: Records, torn: list[int], encoding: str) -> bytes:
    """The same records in the format of `name`, with `torn` lines among them where it has lines."""
    lines: list[tuple[str, str, str] | None] = list(records)
    for at in torn:
        lines.insert(at, None)
    if name.startswith("a.csv"):
        out = io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS)
        for line in lines:
            if line is None:
                out.write("torn\n")
            else:
                writer.writerow(line)
        content = out.getvalue().encode(encoding)
    elif name.startswith("a.jsonl"):
        whole = (
            '{"torn": '
            if line is None
            else json.dumps(dict(zip(COLUMNS, line, strict=True)), ensure_ascii=False)
            for line in lines
        )
        content = "".join(f"{line}\n" for line in whole).encode(encoding)
    elif name == "a.xlsx":
        rows = [row(*map(text, line or ("", "", "", "astray"))) for line in lines]
        content = workbook({"S": row(*map(text, COLUMNS)) + "".join(rows)})
    else:
        made = pa.BufferOutputStream()
        arrays = [
            pa.array([value or None for value in column], pa.string())
            for column in zip(*records, strict=True)
        ]
        pq.write_table(pa.table(dict(zip(COLUMNS, arrays, strict=True))), made)
        content = made.getvalue().to_pybytes()
    return gzip.compress(content) if name.endswith(".gz") else content


@settings(max_examples=25, deadline=None)
@given(
    records=RECORDS,
    torn=TORN,
    encoding=st.sampled_from(ENCODINGS),
    noise=st.binary(min_size=1, max_size=40),
)
def test_all_formats_side_by_side_bring_the_same_rows_and_the_same_money(
    records: Records, torn: list[int], encoding: str, noise: bytes
) -> None:
    records = [
        (key, amount, note.encode(encoding, "ignore").decode(encoding))
        for key, amount, note in records
    ]
    money = sum((Decimal(amount) for _, amount, _ in records), Decimal())
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(Path(home), options={"incomplete_after_minutes": 1e-9})
        lake.declare(dialect=Dialect(encoding=encoding))
        names = ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.xlsx"]
        for name in names:
            lake.deliver(name, delivered_as(name, records, torn, encoding))
        lake.deliver("b.parquet", noise)
        report = lake.ingest()
        *sound, refused = report.deliveries
        assert (refused.status, refused.delivered, refused.unparseable) == ("refused", 1, 1)
        assert [delivery.file for delivery in sound] == names
        for delivery in sound:
            stored = lake.rows(delivery)
            aside = lake.rejects(delivery)
            broken = 0 if delivery.format == "parquet" else len(torn)
            assert delivery.delivered == len(records) + broken
            assert (delivery.records, delivery.unparseable) == (len(stored), len(aside))
            at = [delivery.columns.index(name) for name in COLUMNS]
            values = [tuple(line[1 + place] or "" for place in at) for line in stored]
            assert values == records
            assert sum((Decimal(amount) for _, amount, _ in values), Decimal()) == money
            assert all(reason for *_, reason in aside)
        again = lake.ingest()
        assert (again.deliveries, again.unchanged) == ((), len(names) + 1)
