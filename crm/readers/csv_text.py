"""CSV as text: look it over, and part it into records and lines that are none.

Pure Python over text, one physical line at a time; nothing is typed, trimmed or dropped. Turning
the outcome into Parquet is the reader's business (`csv_reader.py`).
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Literal

from crm.contracts import Dialect
from crm.readers.encodings import CHUNK, decoded
from crm.readers.reading import Unparseable

# Python's own limit for a field is far below that of a line, which alone decides here.
csv.field_size_limit(2**31 - 1)
PLAIN_LINE_BYTES = 1_000_000  # lines longer than this are not left to the parallel parser


@dataclass(frozen=True)
class Scan:
    """What one pass over UTF-8 text found.

    `is_plain`: as far as bytes can tell, each line is one record on which every parser agrees.
    """

    lines: int
    is_plain: bool
    has_long_lines: bool


@dataclass(frozen=True)
class Header:
    """The delivered column names and the number of physical lines up to the end of the header."""

    names: tuple[str, ...]
    lines: int


class LongLine(str):
    """The kept beginning of a line that is longer than allowed."""

    __slots__ = ()


class _RunOnError(ValueError):
    """A record that runs on over more lines than allowed."""


def scan(text: Path, dialect: Dialect, max_line_bytes: int) -> Scan:
    """One pass over the bytes of UTF-8 text: is it text at all, and may the fast parser have it?

    Raises `UndecodableError` with the byte's position.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    longest = min(max_line_bytes, PLAIN_LINE_BYTES)
    quote, escape = dialect.quote.encode(), dialect.escape.encode()
    # Parsers differ over blanks around quotes, over an escape that is not the quote itself, and
    # over a field of nothing but a NUL.
    doubtful = [blank + quote for blank in (b" ", b"\t") if quote]
    doubtful += [quote + blank for blank in (b" ", b"\t") if quote]
    doubtful += [escape] if escape and escape != quote else []
    doubtful += [b"\0", b"\n\n", b"\n\r\n"]
    lines = returns = pairs = position = 0
    is_plain, has_long_lines, ends_open = True, False, False
    with text.open("rb") as source:
        while chunk := source.read(min(CHUNK, longest)):
            if not chunk.endswith(b"\n"):
                chunk += source.readline(longest + 1)
            if not chunk.isascii() or decoder.getstate()[0]:
                decoded(decoder, chunk, position)
            position += len(chunk)
            lines += chunk.count(b"\n")
            returns += chunk.count(b"\r") if b"\r" in chunk else 0
            pairs += chunk.count(b"\r\n") if b"\r" in chunk else 0
            ends_open = not chunk.endswith(b"\n")
            # A chunk that ends inside a line was cut by the limit, or the text ends here.
            has_long_lines |= len(chunk) - chunk.rfind(b"\n", 0, -1) > longest
            is_plain = is_plain and not (
                chunk.startswith((b"\n", b"\r")) or any(_has(chunk, part) for part in doubtful)
            )
        decoded(decoder, b"", position)
    is_uniform = returns == pairs and pairs in (0, lines)
    return Scan(lines + ends_open, is_plain and is_uniform and not has_long_lines, has_long_lines)


def physical_lines(text: TextIOWrapper, max_line_bytes: int | None) -> Iterator[str]:
    """The lines of a text opened with `newline=''`, each with its own ending.

    With `max_line_bytes`, a longer line comes cut to its beginning and marked as such.
    """
    if max_line_bytes is None:
        yield from text
        return
    while line := text.readline(max_line_bytes + 1):
        rest = line
        while len(rest) > max_line_bytes and not rest.endswith(("\r", "\n")):
            rest = text.readline(max_line_bytes + 1)
        if rest is not line or len(line.rstrip("\r\n").encode()) > max_line_bytes:
            line = LongLine(line[:max_line_bytes])
        yield line


def read_header(lines: Iterator[str], dialect: Dialect, max_bytes: int) -> Header | None:
    """The header, which is the first line that is not blank; null where there is no such line.

    Raises `csv.Error` for a header that is none; by then lines have been taken from `lines`.
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            if type(line) is not str or (len(taken) > 1 and sum(map(len, taken)) > max_bytes):
                raise csv.Error("it is longer than max_line_bytes")
            yield line

    for names in _reader(feed(), dialect):
        if names:
            return Header(tuple(names), len(taken))
    return None


def records(
    lines: Iterator[str], first_number: int, width: int, dialect: Dialect, max_bytes: int
) -> Iterator[tuple[int, list[str]] | Unparseable]:
    """Part the lines after the header into records and lines that are part of none.

    A record comes as the number of its first line and its fields. One of the wrong width, or whose
    quotes go wrong, costs its first physical line only: parsing begins anew on the next, so that a
    broken quote never swallows the rows that follow. Fields beyond the header's columns that are
    all empty carry nothing and are left off, as DuckDB does. Blank lines between records are none.
    """
    pending: deque[str] = deque()
    taken: list[str] = []
    number = first_number

    def feed() -> Iterator[str]:
        size = 0
        while (line := pending.popleft() if pending else next(lines, None)) is not None:
            size = len(line) + (size if taken else 0)
            taken.append(line)
            if type(line) is not str or (len(taken) > 1 and size > max_bytes):
                raise _RunOnError
            yield line

    while True:
        try:
            for fields in _reader(feed(), dialect):
                if len(fields) == width:
                    yield number, fields
                elif fields and not any(fields[width:]) and len(fields) > width:
                    yield number, fields[:width]
                elif fields:
                    yield _unparseable(number, taken[0], _width_reason(fields, width, taken))
                    pending.extendleft(reversed(taken[1:]))
                    del taken[1:]
                number += len(taken)
                taken.clear()
            return
        except (csv.Error, _RunOnError) as error:
            yield _unparseable(number, taken[0], _quote_reason(error, taken[0], max_bytes))
            pending.extendleft(reversed(taken[1:]))
            number += 1
            taken.clear()


def open_text(text: Path) -> TextIOWrapper:
    """UTF-8 text with its line endings kept and a byte-order mark left off."""
    return text.open(encoding="utf-8-sig", newline="")


def _reader(lines: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    doubles = dialect.escape in ("", dialect.quote)
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        escapechar=None if doubles else dialect.escape,
        doublequote=doubles,
        quoting=quoting,
        strict=True,
    )


def _has(chunk: bytes, part: bytes) -> bool:
    """`part in chunk`, much sooner where one of the bytes of `part` is not there at all."""
    return all(bytes((byte,)) in chunk for byte in part) and part in chunk


def _unparseable(number: int, line: str, reason: str) -> Unparseable:
    return Unparseable(number, line.rstrip("\r\n"), reason)


def _width_reason(fields: list[str], width: int, taken: list[str]) -> str:
    over = f" over {len(taken)} lines" if len(taken) > 1 else ""
    return f"{len(fields)} fields{over} where the header has {width}."


def _quote_reason(error: Exception, line: str, max_bytes: int) -> str:
    if isinstance(line, LongLine):
        return f"The line is longer than {max_bytes} bytes; its beginning is kept here."
    if isinstance(error, _RunOnError):
        return f"A quote opens here and is not closed within {max_bytes} bytes."
    if "unexpected end" in str(error):
        return "A quote opens here and is never closed."
    return f"Its quotes do not add up: {error}."
