"""Whatever bytes are delivered: no error, every line in exactly one place, neighbours unharmed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lake_by_hand import Lake, physical_lines

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
    lines = [line for line in lines if line]
    text = "id,amount\n" + "".join(f"{line}\n" for line in lines)
    with tempfile.TemporaryDirectory() as home:
        lake = Lake(Path(home))
        lake.deliver("fast.csv", text)
        lake.deliver("slow.csv", text + "\n")  # a blank line takes the text line by line
        fast, slow = lake.ingest().deliveries
        assert lake.rows(fast) == lake.rows(slow)
        assert lake.rejects(fast) == lake.rejects(slow)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.csv.gz", "a.parquet"]))
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
