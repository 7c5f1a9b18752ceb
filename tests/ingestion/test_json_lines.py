"""What becomes of one file of JSON lines. Which files are looked at: test_landing_folder.py."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lake_by_hand import Lake

from crm.readers import keyed_rows


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "a.ndjson.gz", "A.JSONL"])
def test_each_line_is_a_record_whatever_the_file_is_called(lake: Lake, name: str) -> None:
    content = b'{"id": "1", "note": "x"}\n{"id": "2"}\n'
    taken = lake.take(gzip.compress(content) if name.endswith("gz") else content, name)
    assert (taken.status, taken.format) == ("taken", "jsonl")
    assert lake.rows(taken) == [(1, "1", "x"), (2, "2", None)]


def test_values_arrive_as_the_text_that_was_delivered(lake: Lake) -> None:
    values = {
        "1.10": "1.10",
        "9007199254740993": "9007199254740993",
        "1e2": "1e2",
        "-0.0": "-0.0",
        '"007"': "007",
        '" x "': " x ",
        '""': None,
        "null": None,
        "true": "true",
        "false": "false",
        '"王\\u00e9\\ud83d\\ude00"': "王é😀",
        '"a\\nb\\u0000c"': "a\nb\0c",
        '{"b": 1.50, "a": [true, null, "\\u00e9\\"", {}]}': '{"b":1.50,"a":[true,null,"é\\"",{}]}',
        "[ 1 , 2e3 ]": "[1,2e3]",
        '"[{"': "[{",
    }
    lines = "".join(f'{{"id": "x", "note": {value}}}\n' for value in values)
    taken = lake.take(lines, "a.jsonl")
    assert [row[2] for row in lake.rows(taken)] == list(values.values())
    assert lake.rejects(taken) == []


def test_the_columns_are_the_keys_of_all_lines_together(lake: Lake, monkeypatch) -> None:
    monkeypatch.setattr(keyed_rows, "BATCH_ROWS", 2)  # several parts, of different columns
    lines = [
        '{"id":1}',
        '{"id":2,"note":"b"}',
        '{"id":3}',
        '{"more":true,"id":4}',
        "{}",
        '{"id":6}',
    ]
    taken = lake.take("\n".join(lines), "a.jsonl")
    assert (taken.columns, taken.extra_columns) == (("id", "note", "more"), ("more",))
    assert lake.rows(taken) == [
        (1, "1", None, None),
        (2, "2", "b", None),
        (3, "3", None, None),
        (4, "4", None, "true"),
        (5, None, None, None),
        (6, "6", None, None),
    ]


UNPARSEABLE = {
    b'{"id": 1': "It is no JSON: Expecting ',' delimiter at character 9.",
    b'  {"id": 1} {"id": 2}': "It is no JSON: Extra data at character 12.",
    b"[1, 2]": "It is JSON, but no object.",
    b'"id"': "It is JSON, but no object.",
    b"id,note": "It is no JSON: Expecting value at character 1.",
    b'{"id": 1, "id": 2}': "A key stands in it twice.",
    b'{"id": {"a": 1, "a": 1}}': "A key stands in it twice.",
    b'{"id": NaN}': "It is no JSON: NaN is no number of it.",
    b'{"id": "\\ud800"}': "Half a character stands in it (\\ud800 to \\udfff).",
    b'{"\\udfff": 1}': "Half a character stands in it (\\ud800 to \\udfff).",
    b'{"id": 01}': "It is no JSON: Expecting ',' delimiter at character 9.",
    b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}": "It is nested too deeply.",
}


@pytest.mark.parametrize("line", UNPARSEABLE, ids=lambda line: line[:20].decode())
def test_a_line_that_is_no_record_is_kept_aside_and_the_others_go_on(
    lake: Lake, line: bytes
) -> None:
    taken = lake.take(b'{"id": 1}\r\n\n' + line + b'\r\n{"id": 4}', "a.jsonl")
    assert lake.rows(taken) == [(1, "1"), (4, "4")]
    assert lake.rejects(taken) == [(3, line.decode(), UNPARSEABLE[line])]
    assert (taken.delivered, taken.records, taken.unparseable) == (3, 2, 1)


def test_bytes_that_are_no_text_cost_their_line_and_are_kept_as_they_are(lake: Lake) -> None:
    content = b'{"id": 1}\n {"id": "Zo\xeb"}\n{"id": 3}\n'
    taken = lake.take(content, "a.jsonl")
    assert lake.rows(taken) == [(1, "1"), (3, "3")]
    assert lake.rejects(taken) == [(2, ' {"id": "Zo\\xeb"}', "It is no UTF-8 text (its byte 12).")]
    kept = lake.settings.raw / "_rejects/shop/transactions" / f"{taken.content_hash}.bytes"
    assert kept.read_bytes() == content


def test_a_line_longer_than_allowed_is_kept_aside_by_its_beginning(lake: Lake) -> None:
    lake.options["max_line_bytes"] = 30
    fits = '{"id": "' + "x" * 20 + '"}'
    taken = lake.take(f"{fits}\n{fits[:-2]}yyyyyyyyyyyy\n{{}}\n", "a.jsonl")
    assert [row[0] for row in lake.rows(taken)] == [1, 3]
    assert lake.rejects(taken) == [
        (
            2,
            fits[:-2] + "yy",
            "The line is longer than 30 bytes; its beginning is kept here.",
        )
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \r\n\t\n"])
def test_a_file_of_nothing_is_a_delivery_of_nothing(lake: Lake, content: bytes) -> None:
    taken = lake.take(content, "a.jsonl")
    assert (taken.status, taken.delivered, taken.columns) == ("taken", 0, ())
    assert lake.rows(taken) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('{"key": 1}', "No column name is known"),
        ('{"note": 1}', "Column 'id' is missing; the nearest delivered is 'note'."),
        ('{"id": 1}\n{"ID": 1}', "Column 'ID' is delivered twice"),
        ('{"id": 1, "_line_number": 1}', "Column '_line_number' has a name that the lake keeps"),
        ('{"id": 1}\n{"": 1}', "Column 2 has no name."),
        ('[\n{"id": 1},\n{"id": 2}\n]', "It is one JSON array; deliver one object a line"),
        ("id\n1", "No line of it is a JSON object."),
    ],
)
def test_keys_that_are_no_columns_refuse_the_file_and_keep_its_lines(
    lake: Lake, lines: str, reason: str
) -> None:
    refused = lake.take("\ufeff" + lines, "a.jsonl")
    assert (refused.status, refused.records) == ("refused", 0)
    assert str(refused.reason).startswith(reason)
    assert [row[1] for row in lake.rejects(refused)] == lines.split("\n")


def test_keys_without_end_refuse_the_file(lake: Lake, monkeypatch) -> None:
    monkeypatch.setattr(keyed_rows, "MOST_COLUMNS", 10)
    lines = "".join(f'{{"id": 1, "k{number}": 1}}\n' for number in range(20))
    assert lake.take(lines, "a.jsonl").reason == "Its lines have more than 10 different keys."


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str).map(str.lower),
)
LINES = st.one_of(
    st.binary(max_size=12).map(lambda noise: noise.replace(b"\n", b"")),
    st.tuples(TEXTS, NUMBERS).map(
        lambda pair: f'{{"id": {json.dumps(pair[0])}, "note": {pair[1]}}}'.encode()
    ),
)


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(LINES, max_size=8), ending=st.sampled_from([b"\n", b"\r\n"]))
@example(lines=[b"\r", b'{"id":1}\r'], ending=b"\n")
def test_every_line_ends_in_exactly_one_place(lines: list[bytes], ending: bytes) -> None:
    content = b'{"id": "first"}' + ending + ending.join(lines)
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(Path(home))
        taken = lake.take(content, "a.jsonl")
        wanted = {1: "first"}
        aside = set()
        for number, line in enumerate(lines, start=2):
            try:
                wanted[number] = json.loads(line, parse_int=str)["id"] or None
            except (ValueError, TypeError, KeyError):
                if line.strip(b" \t\r\n"):
                    aside.add(number)
        assert {row[0]: row[1] for row in lake.rows(taken)} == wanted
        assert {row[0] for row in lake.rejects(taken)} == aside
        assert taken.delivered == len(wanted) + len(aside)
