"""Files of text as UTF-8: unpacks them, decodes what is declared, and says where it is no text.

An encoding is declared and never guessed. What the text says is not looked at (`csv_text.py`,
`json_lines.py`).
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from crm.lake.landing import LandingFile
from crm.readers.reading import NotWholeError, Work
from crm.settings import Settings

CHUNK = 1 << 20
BOM = "\ufeff"


class UndecodableError(ValueError):
    """Bytes that are no text in the declared encoding."""


class TooLargeError(ValueError):
    """A packed file that unpacks to more than allowed."""


def utf8_text(file: LandingFile, settings: Settings, work: Work) -> Path:
    """The file as UTF-8 text: itself where it is that already.

    Raises `NotWholeError` for a packed file without its end, `TooLargeError` or `UndecodableError`.
    """
    is_packed = (file.extension or "").endswith(".gz")
    encoding = file.table.dialect.encoding
    if not is_packed and is_utf8(encoding):
        return file.file
    target = work.folder / "text"
    most = int(settings.max_file_gigabytes * 1e9)
    try:
        unpack(file.file, target, is_packed=is_packed, encoding=encoding, most_bytes=most)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise NotWholeError(f"It does not unpack to its end: {error}") from error
    return target


def is_utf8(encoding: str) -> bool:
    """Whether text in `encoding` can be read as it lies there."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def unpack(file: Path, target: Path, *, is_packed: bool, encoding: str, most_bytes: int) -> None:
    """Write the text of `file` to `target` as UTF-8.

    Raises `EOFError`, `gzip.BadGzipFile` or `zlib.error` for a packed file that is not whole,
    `TooLargeError` beyond `most_bytes` unpacked, `UndecodableError` with the byte's position.
    """
    decoder = None if is_utf8(encoding) else codecs.getincrementaldecoder(encoding)()
    position = 0
    with ExitStack() as opened:
        source: IO[bytes] = opened.enter_context(file.open("rb"))
        if is_packed:
            packed = gzip.GzipFile(fileobj=source, mode="rb")
            source = cast(IO[bytes], opened.enter_context(packed))
        out = opened.enter_context(target.open("wb"))
        while chunk := source.read(CHUNK):
            out.write(_utf8(decoded(decoder, chunk, position), position) if decoder else chunk)
            position += len(chunk)
            if position > most_bytes:
                raise TooLargeError(f"It unpacks to more than {most_bytes} bytes.")
        if decoder:
            out.write(_utf8(decoded(decoder, b"", position), position))


def decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, position: int) -> str:
    """The text of the chunk at byte `position`; an empty one ends it. Raises `UndecodableError`."""
    held = len(decoder.getstate()[0])
    try:
        return decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        raise UndecodableError(
            f"Byte {position - held + error.start} is no {error.encoding} text ({error.reason})."
        ) from error


def _utf8(text: str, position: int) -> bytes:
    try:
        return (text.removeprefix(BOM) if position == 0 else text).encode()
    except UnicodeEncodeError as error:
        raise UndecodableError(f"After byte {position} stands half a character.") from error
