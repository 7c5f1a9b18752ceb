"""Excel workbooks made by hand, from the XML that the format prescribes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def number(value: str, style: int = 0) -> str:
    """The inside of a cell that holds a number, as it stands in the file."""
    return f'<c s="{style}"><v>{value}</v></c>'


def text(value: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def typed(kind: str, value: str) -> str:
    return f'<c t="{kind}"><v>{escape(value)}</v></c>'


def row(*cells: str) -> str:
    return f"<row>{''.join(cell or '<c/>' for cell in cells)}</row>"


def workbook(
    sheets: Mapping[str, str],
    *,
    formats: tuple[int | str, ...] = (),
    strings: str = "",
    hidden: tuple[str, ...] = (),
    properties: str = "",
) -> bytes:
    """A workbook of `sheets` (name to rows); style n (from 1) shows numbers by `formats[n - 1]`."""
    codes = {code: 200 + at for at, code in enumerate(formats) if isinstance(code, str)}
    numbers = [codes.get(code, code) for code in formats]
    declared = "".join(
        f'<numFmt numFmtId="{key}" formatCode={quoteattr(str(code))}/>'
        for code, key in codes.items()
    )
    styles = "".join(f'<xf numFmtId="{key}"/>' for key in (0, *numbers))
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="r{at}"'
        f" state={quoteattr('hidden' if name in hidden else 'visible')}/>"
        for at, name in enumerate(sheets, start=1)
    )
    related = [
        ("styles", "styles", "styles.xml"),
        ("strings", "sharedStrings", "sharedStrings.xml"),
    ]
    related += [
        (f"r{at}", "worksheet", f"worksheets/s{at}.xml") for at in range(1, len(sheets) + 1)
    ]
    parts = {
        "_rels/.rels": _relations([("r1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(related),
        "xl/styles.xml": f"<styleSheet {_MAIN}><numFmts>{declared}</numFmts>"
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f"<sst {_MAIN}>{strings}</sst>",
    }
    for at, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/s{at}.xml"] = (
            f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>"
        )
    return packed_parts(parts)


def packed_parts(parts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unpacked_parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _relations(related: list[tuple[str, str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in related
    )
    return f"<Relationships {_PACKAGE}>{inner}</Relationships>"
