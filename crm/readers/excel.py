"""One sheet of an Excel workbook into Parquet, every value as text under its row's number.

The first row that is not empty is the header. How a workbook is taken apart is `workbook.py`'s
business, how a value is written `cell_text.py`'s.
"""

from __future__ import annotations

import mmap
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from crm.contracts import SourceTable
from crm.readers.encodings import TooLargeError
from crm.readers.headers import extra_columns, judge_header
from crm.readers.reading import NotWholeError, Reading, Work, refuse_lines
from crm.readers.text_rows import TextRows
from crm.readers.workbook import Cells, NoWorkbookError, Workbook

__all__ = ["NoWorkbookError", "read"]

MOST_SHARED_BYTES = 2_000_000_000  # texts that cells share are the one part held in memory
_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IS_ENCRYPTED = 1


def read(file: Path, table: SourceTable, most_bytes: int, work: Work) -> Reading:
    """Read the declared sheet of `file`, or else the first that is not hidden, into `work`.

    Raises `NotWholeError` for a damaged file or one without its end, `NoWorkbookError` for what is
    no workbook or is protected, `TooLargeError` for one that unpacks to more than `most_bytes`.
    """
    try:
        with _opened(file) as archive:
            _refuse_bombs(archive, most_bytes)
            workbook = Workbook(archive)
            sheet = _sheet(workbook, table.dialect.sheet)
            rows = workbook.rows(sheet) if sheet is not None else iter(())
            return _read_rows(rows, table, work)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NotWholeError(f"It does not unpack to its end: {error}") from error
    except RuntimeError as error:  # zipfile's word for a method of packing that it does not know
        raise NoWorkbookError(f"It is packed in a way that Excel does not use: {error}.") from error


def _opened(file: Path) -> zipfile.ZipFile:
    with file.open("rb") as source:
        start = source.read(len(_COMPOUND))
    if start == _COMPOUND:
        if _has(file, "EncryptedPackage".encode("utf-16-le")):
            raise NoWorkbookError("It is protected by a password. Deliver it without one.")
        raise NoWorkbookError("It is a workbook of the old kind (.xls). Save it as .xlsx.")
    if start and not _ZIP.startswith(start[: len(_ZIP)]):
        raise NoWorkbookError("It is no Excel workbook, whatever its name says.")
    return zipfile.ZipFile(file)


def _refuse_bombs(archive: zipfile.ZipFile, most_bytes: int) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & _IS_ENCRYPTED for part in parts):
        raise NoWorkbookError("It is protected by a password. Deliver it without one.")
    # Parts are read up to the size that stands here and no further.
    if sum(part.file_size for part in parts) > most_bytes:
        raise TooLargeError(f"It unpacks to more than {most_bytes} bytes.")
    if any(
        part.file_size > MOST_SHARED_BYTES and part.filename.endswith("sharedStrings.xml")
        for part in parts
    ):
        raise TooLargeError(f"Its shared texts have more than {MOST_SHARED_BYTES} bytes.")


def _sheet(workbook: Workbook, declared: str | None) -> str | None:
    """The sheet to read; null in a workbook without one."""
    if declared is None:
        return workbook.first_visible
    if declared not in workbook.sheets:
        there = ", ".join(repr(name) for name in workbook.sheets) or "none"
        raise NoWorkbookError(f"It has no sheet {declared!r}; its sheets are: {there}.")
    return declared


def _read_rows(rows: Iterator[tuple[int, Cells]], table: SourceTable, work: Work) -> Reading:
    first = next(rows, None)
    if first is None:
        with TextRows(work.records, (), "_line_number"):
            pass
        return Reading(records=0, unparseable=0)
    start, end = min(first[1]), max(first[1]) + 1
    names = tuple(_fields(first[1], start, end))
    unfit = judge_header(names, table)
    if unfit is not None:
        lines = ((number, _line(cells), unfit) for number, cells in rows)
        return refuse_lines(lines, names, unfit, work)
    with (
        TextRows(work.records, names, "_line_number") as kept,
        work.lines_aside() as thrown,
    ):
        for number, cells in rows:
            if min(cells) < start or max(cells) >= end:
                thrown.add(number, [_line(cells), "A cell stands beside the header's columns."])
            else:
                kept.add(number, _fields(cells, start, end))
    return Reading(kept.rows, thrown.rows, names, extra_columns(names, table))


def _fields(cells: Cells, start: int, end: int) -> list[str]:
    return [cells.get(column, "") for column in range(start, end)]


def _line(cells: Cells) -> str:
    """A row as one line: its cells from the first column on, parted by tabs."""
    return "\t".join(_fields(cells, 0, max(cells) + 1))


def _has(file: Path, part: bytes) -> bool:
    with (
        file.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(part) >= 0
