"""What becomes of one Excel workbook. Which files are looked at: test_landing_folder.py."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from lake_by_hand import Lake
from workbook_by_hand import (
    number,
    packed_parts,
    row,
    text,
    typed,
    unpacked_parts,
    workbook,
)

from crm.contracts import Dialect

HEADER = row(text("id"), text("amount"), text("note"))


STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": (
        "http://purl.oclc.org/ooxml/spreadsheetml/main"
    ),
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}
ODD_LOOKS = [
    ("xl/styles.xml", "<cellStyleXfs>", "<fills><fill/></fills><cellStyleXfs>"),
    ("xl/worksheets/s1.xml", "</sheetData>", '</sheetData><pageMargins left="wide"/>'),
]


def values(lake: Lake, *cells: str, **options: object) -> list[object]:
    """What arrives of cells in a column `amount`."""
    rows = "".join(row(text("x"), cell) for cell in cells)
    sheet = row(text("id"), text("amount")) + rows
    return [found[2] for found in lake.rows(lake.take(workbook({"S": sheet}, **options), "a.xlsx"))]


def test_the_first_sheet_arrives_as_text_under_its_row_numbers(lake: Lake) -> None:
    sheet = HEADER + row(text("007"), number("12"), text(" x ")) + row(number("8"), "", text("y"))
    taken = lake.take(workbook({"Orders": sheet, "Other": row(text("no"))}), "a.xlsx")
    assert (taken.status, taken.format, taken.columns) == (
        "taken",
        "excel",
        ("id", "amount", "note"),
    )
    assert lake.rows(taken) == [(2, "007", "12", " x "), (3, "8", None, "y")]


NUMBERS = [
    ("3", "3"),
    ("3.0", "3"),
    ("-12.50", "-12.5"),
    ("1.1000000000000001", "1.1"),
    ("3.3000000000000003", "3.3"),
    ("0.12345678901234501", "0.123456789012345"),
    ("9007199254740993", "9007199254740993"),
    ("1E-7", "0.0000001"),
    ("1.5E+20", "150000000000000000000"),
    ("1E+999999999", "1E+999999999"),
    ("0", "0"),
]
MOMENTS: list[tuple[int | str, str, str]] = [
    (14, "45366", "2024-03-15"),
    (22, "45366.5", "2024-03-15 12:00:00"),
    (22, "45366.999999999996", "2024-03-16"),
    (14, "45366.25", "2024-03-15 06:00:00"),
    (31, "45366", "2024-03-15"),
    (21, "0.75", "18:00:00"),
    (46, "1.5", "36:00:00"),
    ("yyyy\\-mm\\-dd", "45366", "2024-03-15"),
    ('yyyy"年"m"月"d"日"', "45366", "2024-03-15"),
    ("[$-409]d-mmm-yy;@", "45366", "2024-03-15"),
    ("dd.mm.yyyy hh:mm", "45366.000011574", "2024-03-15 00:00:01"),
    ("ss.000", "0.0000115857", "00:00:01.001"),
    ("[hh]:mm", "2", "48:00:00"),
    (14, "1", "1900-01-01"),
    (14, "59", "1900-02-28"),
    (14, "60", "1900-02-29"),
    (14, "61", "1900-03-01"),
    (14, "0", "1900-01-00"),
    (14, "-1", "-1"),
    (14, "2958465", "9999-12-31"),
    (14, "2958466", "2958466"),
    ("0.00", "45366", "45366"),
    ('0.00 "days"', "45366", "45366"),
    ("[Red]General", "45366", "45366"),
    ("#,##0_d", "45366", "45366"),
    (9, "0.15", "0.15"),
]


def test_numbers_are_written_in_full_as_excel_shows_them(lake: Lake) -> None:
    arrived = values(lake, *(number(stands) for stands, _ in NUMBERS))
    assert arrived == [arrives for _, arrives in NUMBERS]


def test_what_is_shown_as_a_moment_arrives_as_one(lake: Lake) -> None:
    formats = tuple(shown_as for shown_as, *_ in MOMENTS)
    cells = (number(stands, style) for style, (_, stands, _) in enumerate(MOMENTS, start=1))
    assert values(lake, *cells, formats=formats) == [arrives for *_, arrives in MOMENTS]


def test_a_calendar_that_counts_from_1904_is_read_as_one(lake: Lake) -> None:
    for since_1904, day in (("1", "2028-03-16"), ("0", "2024-03-15")):
        properties = f'<workbookPr date1904="{since_1904}"/>'
        assert values(lake, number("45366", style=1), formats=(14,), properties=properties) == [day]


def test_every_type_of_cell_arrives_as_its_text(lake: Lake) -> None:
    strings = (
        "<si><t>plain</t></si>"
        "<si><r><t>two </t></r><r><t>runs</t></r><rPh sb='0' eb='1'><t>guide</t></rPh></si>"
        "<si><t>a_x000D_b_x5F20_</t></si>"
        "<si><t>_x005F_x000D_ as typed</t></si>"
    )
    cells = [
        typed("b", "1"),
        typed("b", "0"),
        typed("e", "#N/A"),
        typed("e", "#DIV/0!"),
        typed("str", "made & kept"),
        typed("d", "2024-03-15T00:00:00"),
        typed("d", "2024-03-15T10:30:00"),
        typed("s", "0"),
        typed("s", "1"),
        typed("s", "2"),
        typed("s", "3"),
        "<c><f>1+1</f><v>2</v></c>",
        "<c s='0'/>",
    ]
    assert values(lake, *cells, strings=strings) == [
        "true",
        "false",
        "#N/A",
        "#DIV/0!",
        "made & kept",
        "2024-03-15",
        "2024-03-15 10:30:00",
        "plain",
        "two runs",
        "a\rb张",
        "_x000D_ as typed",
        "2",
        None,
    ]


def test_the_header_is_the_first_row_with_anything_in_it_wherever_it_stands(lake: Lake) -> None:
    sheet = (
        '<row r="3"><c r="C3" t="str"><v>id</v></c><c r="D3" t="str"><v>note</v></c></row>'
        '<row r="4"><c r="A4" s="0"/></row>'
        '<row r="7"><c r="D7" t="str"><v>b</v></c><c r="C7"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    )
    assert lake.rows(lake.take(workbook({"S": sheet}), "a.xlsx")) == [(7, "1", "b")]


def test_two_rows_under_one_number_both_arrive(lake: Lake) -> None:
    twice = '<row r="2"><c t="str"><v>a</v></c></row><row r="2"><c t="str"><v>b</v></c></row>'
    taken = lake.take(workbook({"S": row(text("id")) + twice}), "a.xlsx")
    assert lake.rows(taken) == [(2, "a"), (2, "b")]


def test_a_workbook_of_the_strict_kind_arrives_as_any_other(lake: Lake) -> None:
    parts = unpacked_parts(workbook({"S": HEADER + row(text("1"), number("2"))}))
    for name, content in parts.items():
        for kind, strict in STRICT.items():
            content = content.replace(kind, strict)
        parts[name] = content
    assert lake.rows(lake.take(packed_parts(parts), "a.xlsx")) == [(2, "1", "2", None)]


def test_looks_that_no_reader_understands_keep_no_row_from_arriving(lake: Lake) -> None:
    parts = unpacked_parts(workbook({"S": HEADER + row(text("1"))}))
    for part, end, odd in ODD_LOOKS:
        assert end in parts[part]
        parts[part] = parts[part].replace(end, odd)
    assert lake.take(packed_parts(parts), "a.xlsx").records == 1


def test_a_cell_beside_the_headers_columns_keeps_its_row_aside(lake: Lake) -> None:
    sheet = HEADER + row(text("1"), "", "", text("astray")) + row(text("2"))
    taken = lake.take(workbook({"S": sheet}), "a.xlsx")
    assert lake.rows(taken) == [(3, "2", None, None)]
    assert lake.rejects(taken) == [
        (2, "1\t\t\tastray", "A cell stands beside the header's columns.")
    ]
    assert (taken.delivered, taken.records, taken.unparseable) == (2, 1, 1)


def test_a_header_that_is_not_known_refuses_the_file_and_keeps_its_rows(lake: Lake) -> None:
    refused = lake.take(workbook({"S": row(text("key")) + row(text("1"))}), "a.xlsx")
    assert str(refused.reason).startswith("No column name is known")
    assert lake.rejects(refused) == [(2, "1", refused.reason)]


@pytest.mark.parametrize("sheet", ["", row(""), HEADER])
def test_a_sheet_without_rows_is_a_delivery_of_nothing(lake: Lake, sheet: str) -> None:
    taken = lake.take(workbook({"S": sheet}), "a.xlsx")
    assert (taken.status, taken.delivered, lake.rows(taken)) == ("taken", 0, [])


def test_the_declared_sheet_is_read_also_where_it_is_hidden(lake: Lake) -> None:
    content = workbook(
        {"First": HEADER, "Orders & more": HEADER + row(text("1"))}, hidden=("First",)
    )
    assert lake.take(content, "a.xlsx").records == 1
    lake.declare(dialect=Dialect(sheet="First"))
    (again,) = lake.ingest().deliveries
    assert (again.status, again.records) == ("taken", 0)


def test_a_sheet_that_is_not_there_refuses_the_file_and_names_those_that_are(lake: Lake) -> None:
    lake.declare(dialect=Dialect(sheet="orders"))
    refused = lake.take(workbook({"Orders": HEADER, "Notes": ""}), "a.xlsx")
    assert refused.reason == "It has no sheet 'orders'; its sheets are: 'Orders', 'Notes'."


@pytest.mark.parametrize("damage", ["no end", "changed byte", "nothing"])
def test_a_damaged_workbook_waits_and_is_refused_in_the_end(lake: Lake, damage: str) -> None:
    content = bytearray(workbook({"S": HEADER + row(text("x" * 50)) * 200}))
    if damage == "changed byte":
        at = content.index(b"xl/worksheets/s1.xml") + 40
        content[at] ^= 0xFF
    lake.deliver("a.xlsx", bytes(content[: {"no end": -30, "nothing": 0}.get(damage)]))
    lake.deliver("b.csv", "id\n1\n")
    report = lake.ingest()
    assert [delivery.file for delivery in report.deliveries] == ["b.csv"]
    assert [waiting.path for waiting in report.waiting] == ["shop/transactions/a.xlsx"]
    (refused,) = lake.ingest(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61)).deliveries
    assert (refused.status, refused.reason) == ("refused", report.waiting[0].reason)


def flagged_as_encrypted(content: bytes) -> bytes:
    """The same archive, its parts marked as protected by a password."""
    marked = bytearray(content)
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = marked.find(start)
        while found >= 0:
            marked[found + at] |= 1
            found = marked.find(start, found + 4)
    return bytes(marked)


OLD_KIND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
NO_WORKBOOKS = {
    "protected by a password": OLD_KIND + "EncryptedPackage".encode("utf-16-le"),
    "of the old kind": OLD_KIND,
    "whatever its name says": b"id,note\n1,a\n",
    "no part 'xl/workbook.xml'": packed_parts({"word/document.xml": "<a/>"}),
    "Deliver it without one": flagged_as_encrypted(workbook({"S": HEADER})),
    "declares a document type": packed_parts(
        {"xl/workbook.xml": '<!DOCTYPE a [<!ENTITY b "c">]><workbook/>'}
    ),
    "cannot be read": packed_parts({"xl/workbook.xml": "<workbook>"}),
    "column 'XFE' is none of a sheet": workbook({"S": '<row><c r="XFE1"><v>1</v></c></row>'}),
    "more than 16384 cells": workbook({"S": row(*[number("1")] * 16_385)}),
    "list index out of range": workbook({"S": row(typed("s", "7"))}),
}


@pytest.mark.parametrize("because", NO_WORKBOOKS)
def test_what_is_no_readable_workbook_is_refused_and_says_why(lake: Lake, because: str) -> None:
    lake.deliver("a.xlsx", NO_WORKBOOKS[because])
    lake.deliver("b.csv", "id\n1\n")
    refused, taken = lake.ingest().deliveries
    assert (refused.status, taken.status) == ("refused", "taken")
    assert because in str(refused.reason)


def test_a_workbook_that_unpacks_beyond_the_limit_is_refused_before_it_is_read(lake: Lake) -> None:
    content = workbook({"S": HEADER + row(text("1")) * 100_000})
    assert lake.take(content, "a.xlsx").records == 100_000
    lake.options["max_file_gigabytes"] = 1e-3
    refused = lake.take(content, "b.xlsx")
    assert refused.reason == "It unpacks to more than 1000000 bytes."


def test_a_part_that_hides_its_size_is_not_read_beyond_what_it_says(lake: Lake) -> None:
    content = bytearray(workbook({"S": HEADER + row(text("1")) * 10_000}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/s1.xml").file_size
    told = size.to_bytes(4, "little")
    assert content.count(told) == 2  # at the part and in the list of parts
    lake.options["incomplete_after_minutes"] = 1e-9
    refused = lake.take(bytes(content.replace(told, (500).to_bytes(4, "little"))), "a.xlsx")
    assert (refused.status, refused.records) == ("refused", 0)


def test_two_cells_at_the_ends_of_a_sheet_do_not_fill_the_memory(lake: Lake) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    taken = lake.take(workbook({"S": HEADER + far}), "a.xlsx")
    assert (taken.records, taken.unparseable) == (0, 1)
