"""The sheets of an Excel workbook (.xlsx), row by row, straight from the XML that it is made of.

Read as a stream: a sheet may be larger than the memory, and no cell's error or digit is lost on
the way. What a cell's value means is `cell_text.py`'s to say; what becomes of rows, `excel.py`'s.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from typing import NoReturn
from xml.parsers import expat

from crm.readers.cell_text import Kind, format_kind, moment_text, number_text, plain_text

CHUNK = 1 << 18
MOST_COLUMNS = 16_384  # of a sheet, as Excel has it
Attributes = dict[str, str]
Cells = dict[int, str]
"""The text of each cell that is not empty, by its column from 0."""


class NoWorkbookError(ValueError):
    """A file that is no Excel workbook, or none that can be read, for the reason it says."""


class Workbook:
    """An opened workbook. `sheets` are its worksheets' names in order, hidden ones too."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Raises `NoWorkbookError`, and `zipfile.BadZipFile` or `zlib.error` for damaged parts."""
        self._archive = archive
        self._parts = frozenset(archive.namelist())
        root = self._related("", "officeDocument")
        self._main = next(iter(root.values()), "xl/workbook.xml")
        self.sheets: dict[str, str] = {}
        self.first_visible: str | None = None
        self._counts_from_1904 = False
        self._worksheets = self._related(self._main, "worksheet")
        self._parse(self._main, self._workbook_element)
        self._strings: list[str] | None = None
        self._kinds: list[Kind] | None = None

    def rows(self, sheet: str) -> Iterator[tuple[int, Cells]]:
        """The number and the cells of each row of `sheet` that has any, in their order.

        Raises what opening does.
        """
        if self._strings is None or self._kinds is None:
            self._strings = self._shared_strings()
            self._kinds = self._number_formats()
        rows = _SheetRows(self._strings, self._kinds, self._counts_from_1904)
        for _ in self._chunks(self.sheets[sheet], rows.parser):
            yield from rows.taken()
        yield from rows.taken()

    def _workbook_element(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr":
            self._counts_from_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet":
            key = next((value for at, value in attributes.items() if at.endswith(":id")), "")
            if key not in self._worksheets:
                return  # a chart or a dialog
            self.sheets[attributes["name"]] = self._worksheets[key]
            if self.first_visible is None and attributes.get("state", "visible") == "visible":
                self.first_visible = attributes["name"]

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """The parts that `part` relates to as `kind`, by the key of the relation."""
        folder, name = posixpath.split(part)
        found: dict[str, str] = {}

        def element(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship" and attributes.get("Type", "").endswith(f"/{kind}"):
                target = posixpath.join("/", folder, attributes["Target"])
                found[attributes["Id"]] = posixpath.normpath(target).lstrip("/")

        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if relations in self._parts:
            self._parse(relations, element)
        return found

    def _shared_strings(self) -> list[str]:
        strings: list[str] = []
        for part in self._related(self._main, "sharedStrings").values():
            texts = _Texts(strings.append)
            for _ in self._chunks(part, texts.parser):
                pass
        return strings

    def _number_formats(self) -> list[Kind]:
        """How each style of a cell shows a number, by the style's position."""
        codes: dict[int, str] = {}
        kinds: list[Kind] = []
        is_of_cells = False

        def element(tag: str, attributes: Attributes) -> None:
            nonlocal is_of_cells
            if tag == "numFmt":
                codes[int(attributes["numFmtId"])] = attributes["formatCode"]
            elif tag in ("cellXfs", "cellStyleXfs"):
                is_of_cells = tag == "cellXfs"
            elif tag == "xf" and is_of_cells:
                number = int(attributes.get("numFmtId", 0))
                kinds.append(format_kind(number, codes.get(number)))

        for part in self._related(self._main, "styles").values():
            self._parse(part, element)
        return kinds

    def _parse(self, part: str, element: Callable[[str, Attributes], None]) -> None:
        parser = _parser()
        parser.StartElementHandler = lambda name, attributes: element(_local(name), attributes)
        for _ in self._chunks(part, parser):
            pass

    def _chunks(self, part: str, parser: expat.XMLParserType) -> Iterator[None]:
        """Hand `part` to the parser piece by piece."""
        if part not in self._parts:
            raise NoWorkbookError(f"It is no Excel workbook: it has no part {part!r}.")
        try:
            with self._archive.open(part) as source:
                while chunk := source.read(CHUNK):
                    parser.Parse(chunk, False)
                    yield
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError, OverflowError) as error:
            if isinstance(error, NoWorkbookError):
                raise
            raise NoWorkbookError(f"Its part {part!r} cannot be read: {error}.") from error


class _Texts:
    """The texts of the elements `si` or `is`, each made of runs; phonetic guides left out."""

    def __init__(self, add: Callable[[str], None]) -> None:
        self.parser = _parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._add = add
        self._texts: list[str] = []
        self._is_guide = False

    def _start(self, name: str, attributes: Attributes) -> None:
        name = _local(name)
        if name == "t" and not self._is_guide:
            self.parser.CharacterDataHandler = self._texts.append
        elif name == "rPh":
            self._is_guide = True

    def _end(self, name: str) -> None:
        name = _local(name)
        if name == "t":
            self.parser.CharacterDataHandler = None
        elif name == "rPh":
            self._is_guide = False
        elif name == "si":
            self._add(plain_text("".join(self._texts)))
            self._texts.clear()


class _SheetRows:
    """The rows of one sheet as its XML comes along."""

    def __init__(self, strings: list[str], kinds: list[Kind], counts_from_1904: bool) -> None:
        self.parser = _parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._strings, self._kinds = strings, kinds
        self._counts_from_1904 = counts_from_1904
        self._rows: list[tuple[int, Cells]] = []
        self._cells: Cells = {}
        self._number, self._column = 0, -1
        self._type, self._style = "n", ""
        self._texts: list[str] = []
        self._is_guide = False

    def taken(self) -> list[tuple[int, Cells]]:
        """The rows that are complete and were not taken yet."""
        rows, self._rows = self._rows, []
        return rows

    def _start(self, name: str, attributes: Attributes) -> None:
        name = _local(name)
        if name == "c":
            place = attributes.get("r")
            self._column = self._column + 1 if place is None else _column(place.rstrip(_DECIMALS))
            self._type = attributes.get("t", "n")
            self._style = attributes.get("s", "")
        elif name in ("v", "t") and not self._is_guide:
            self.parser.CharacterDataHandler = self._texts.append
        elif name == "rPh":
            self._is_guide = True
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._column = -1

    def _end(self, name: str) -> None:
        name = _local(name)
        if name in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif name == "c" and self._texts:
            text = self._text("".join(self._texts))
            self._texts.clear()
            if text:
                if self._column >= MOST_COLUMNS:
                    raise ValueError(f"a row has more than {MOST_COLUMNS} cells")
                self._cells[self._column] = text
        elif name == "rPh":
            self._is_guide = False
        elif name == "row" and self._cells:
            self._rows.append((self._number, self._cells))
            self._cells = {}

    def _text(self, value: str) -> str:
        """The text of a cell by its type; an error is its own text."""
        if self._type == "n":
            kind = self._kinds[int(self._style)] if self._style and self._kinds else "number"
            if kind == "number":
                return number_text(value)
            return moment_text(value, kind, counts_from_1904=self._counts_from_1904)
        if self._type == "s":
            return self._strings[int(value)]
        if self._type == "b":
            return "false" if value == "0" else "true"
        if self._type == "d":
            return value.removesuffix("T00:00:00").replace("T", " ")
        return plain_text(value)


_DECIMALS = "0123456789"


@cache
def _local(name: str) -> str:
    return name.rpartition(":")[2]


@cache
def _column(letters: str) -> int:
    """The column, from 0, that a cell's letters name."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    if not 0 < column <= MOST_COLUMNS:
        raise ValueError(f"column {letters!r} is none of a sheet")
    return column - 1


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def _no_doctype(*declared: object) -> NoReturn:
    # Excel writes none, and only with one can text grow when it is read.
    raise ValueError("it declares a document type")
