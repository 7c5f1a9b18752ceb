"""JSON lines into Parquet: each line one object, each value the text that was delivered.

Numbers keep their digits and what is nested stays JSON, so nothing is typed here. That is why
Python's parser does it: DuckDB's writes 1.10 as 1.1, and Arrow's wants one type in a column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from crm.contracts import SourceTable
from crm.readers.headers import extra_columns, judge_header
from crm.readers.keyed_rows import KeyedRows, Record, TooManyColumnsError
from crm.readers.reading import Reading, Unparseable, Work, refuse_lines

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n"
_NO_UTF8 = "It is no UTF-8 text"


class Digits(str):
    """A number as it was delivered, told apart from a text of the same characters."""

    __slots__ = ()


class _NoRecordError(ValueError):
    """JSON that is no record, for the reason it says."""


def read(text: Path, table: SourceTable, longest: int, work: Work) -> Reading:
    """Read the JSON lines of `text` into `work`. The columns are the keys of all lines together.

    A line longer than `longest` bytes, or that is no single JSON object, is unparseable.
    """
    try:
        kept, thrown, has_escapes = _part(text, longest, work)
    except TooManyColumnsError as error:
        return _refused(text, (), str(error), longest, work)
    names = kept.names
    unfit = judge_header(names, table) if kept.rows else None
    if thrown and not kept.rows:
        unfit = "No line of it is a JSON object."
    elif _is_array(text):
        unfit = "It is one JSON array; deliver one object a line, without brackets and commas."
    if unfit is not None:
        return _refused(text, names, unfit, longest, work)
    kept.finish(work.records)
    return Reading(
        kept.rows, thrown, names, extra_columns(names, table), is_kept_as_bytes=has_escapes
    )


def _part(text: Path, longest: int, work: Work) -> tuple[KeyedRows, int, bool]:
    """Write the lines into `work`: the records, the number of other lines, whether bytes are lost.

    Lines kept aside have escapes for bytes that are no text.
    """
    has_escapes = False
    with (
        text.open("rb") as source,
        KeyedRows(work.folder, "_line_number") as kept,
        work.lines_aside() as thrown,
    ):
        for row in records(source, longest):
            if isinstance(row, Unparseable):
                thrown.add(row.line_number, [row.line, row.reason])
                has_escapes |= row.reason.startswith(_NO_UTF8)
            else:
                kept.add(*row)
    return kept, thrown.rows, has_escapes


def _is_array(text: Path) -> bool:
    with text.open("rb") as source:
        return source.readline(10).removeprefix(BOM).strip(BLANKS) == b"["


def records(source: IO[bytes], longest: int) -> Iterator[tuple[int, Record, int] | Unparseable]:
    """Part UTF-8 text into records and lines that are none; blank lines are neither.

    A record comes as its line's number, its values by key and the bytes of the line.
    """
    number = 0
    while line := source.readline(longest + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(BOM)
        if len(line) > longest and not line.endswith(b"\n"):
            kept = line[:longest]
            while line and not line.endswith(b"\n"):
                line = source.readline(longest + 1)
            reason = f"The line is longer than {longest} bytes; its beginning is kept here."
            yield Unparseable(number, kept.decode(errors="ignore"), reason)
            continue
        value = line.strip(BLANKS)
        if not value:
            continue
        try:
            yield number, _record(value.decode()), len(value)
        except UnicodeDecodeError as error:
            at = error.start + len(line) - len(line.lstrip(BLANKS)) + 1
            yield _unparseable(number, line, f"{_NO_UTF8} (its byte {at}).")
        except json.JSONDecodeError as error:
            at = error.pos + len(line) - len(line.lstrip(BLANKS)) + 1
            yield _unparseable(number, line, f"It is no JSON: {error.msg} at character {at}.")
        except _NoRecordError as error:
            yield _unparseable(number, line, str(error))
        except RecursionError:
            yield _unparseable(number, line, "It is nested too deeply.")


def _record(text: str) -> Record:
    record, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    if type(record) is not dict:
        raise _NoRecordError("It is JSON, but no object.")
    if "[" in text or text.count("{") > 1:
        for name, value in record.items():
            if type(value) in (dict, list):
                record[name] = _compact(value)
    if "\\u" in text:
        try:
            "".join([*record, *(value for value in record.values() if type(value) is str)]).encode()
        except UnicodeEncodeError as error:
            raise _NoRecordError("Half a character stands in it (\\ud800 to \\udfff).") from error
    return record


def _compact(value: object) -> str:
    """Nested JSON as text: without blanks, the digits of its numbers as delivered."""
    if isinstance(value, dict):
        pairs = (f"{_compact(name)}:{_compact(part)}" for name, part in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return value if isinstance(value, Digits) else json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NoRecordError("A key stands in it twice.")
    return found


def _constant(name: str) -> NoReturn:
    raise _NoRecordError(f"It is no JSON: {name} is no number of it.")


_DECODER = json.JSONDecoder(
    parse_float=Digits,
    parse_int=Digits,
    parse_constant=_constant,
    object_pairs_hook=_object,
)


def _refused(text: Path, names: tuple[str, ...], reason: str, longest: int, work: Work) -> Reading:
    """Refuse the file, keeping each of its lines verbatim."""
    with text.open("rb") as source:
        return refuse_lines(_lines(source, reason, longest), names, reason, work)


def _lines(source: IO[bytes], reason: str, longest: int) -> Iterator[tuple[int, str, str]]:
    number = 0
    while line := source.readline(longest + 1):
        number += 1
        line = line.removeprefix(BOM) if number == 1 else line
        rest = line
        while len(rest) > longest and not rest.endswith(b"\n"):
            rest = source.readline(longest + 1)
        if line.strip(BLANKS):
            cut = " The line is cut." if rest is not line else ""
            yield number, _verbatim(line), reason + cut


def _unparseable(number: int, line: bytes, reason: str) -> Unparseable:
    return Unparseable(number, _verbatim(line), reason)


def _verbatim(line: bytes) -> str:
    """The line without its ending; bytes that are no UTF-8 are written as escapes."""
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
