"""What a cell of an Excel sheet holds, as text: numbers in full, moments in ISO's notation.

Pure functions over what stands in the file's XML. Where cells stand is `workbook.py`'s to say.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Literal

Kind = Literal["number", "moment", "clock", "span"]
"""How a number format shows a number: as such, as date (and time), time of day, or duration."""

# The formats that need no declaration; 27-36 and 50-58 are dates in East Asian editions.
_BUILT_IN: dict[int, Kind] = {
    **dict.fromkeys((14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 59)), "moment"),
    **dict.fromkeys((18, 19, 20, 21, *range(32, 36), 45, 47), "clock"),
    46: "span",
}
_NO_PATTERN = re.compile(r'"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_AS_SHOWN = Context(prec=15, rounding=ROUND_HALF_UP)
_LARGEST_EXPONENT = 400  # beyond every number of 64 bits: what is larger is left as it stands
_DAY_MS = 86_400_000
_LAST_DAY = 2_958_465  # 9999-12-31
_YEARS_TO_1904 = 1462  # days


def format_kind(number: int, code: str | None) -> Kind:
    """What a number format shows, by its `code` where the file has one, else by its `number`."""
    if code is None:
        return _BUILT_IN.get(number, "number")
    first = _NO_PATTERN.sub("", code.lower().split(";")[0])
    if re.search(r"\[[hms]+\]", first):
        return "span"
    if "general" in first or not re.search("[ymdhs]", first):
        return "number"
    is_clock = re.search("[hs]", first) and not re.search("[yd]", first)
    return "clock" if is_clock else "moment"


def number_text(text: str) -> str:
    """A number in full, without an exponent or closing zeros.

    Excel knows 15 digits of a number and shows no more, but writes 17: 1.1 as 1.1000000000000001.
    A fraction is therefore rounded to 15 digits; whole numbers keep every digit.
    """
    if text.isascii() and text.removeprefix("-").isdecimal():
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return text
    written = f"{_AS_SHOWN.plus(number):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def moment_text(text: str, kind: Kind, *, counts_from_1904: bool) -> str:
    """A number of days as its format shows it: YYYY-MM-DD, YYYY-MM-DD HH:MM:SS or HH:MM:SS.

    Fractions of a second are written, to the millisecond, where there are any. What is no moment to
    Excel stays a number; 1900-02-29 and 1900-01-00, which it has and no calendar, are written so.
    """
    try:
        milliseconds = int((Decimal(text) * _DAY_MS).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, OverflowError, ValueError):
        return number_text(text)
    days, clock = divmod(milliseconds, _DAY_MS)
    if not 0 <= days <= _LAST_DAY - (_YEARS_TO_1904 if counts_from_1904 else 0):
        return number_text(text)
    if kind == "span":
        return _clock(milliseconds)
    if kind == "clock" and days == 0:
        return _clock(clock)
    date = _date(days, counts_from_1904)
    return f"{date} {_clock(clock)}" if clock else date


def plain_text(text: str) -> str:
    """A text of the file with its escapes (_x000D_ is a carriage return) undone."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _date(days: int, counts_from_1904: bool) -> str:
    if counts_from_1904:
        return (dt.date(1904, 1, 1) + dt.timedelta(days)).isoformat()
    if days in (0, 60):
        return "1900-01-00" if days == 0 else "1900-02-29"
    return (dt.date(1899, 12, 31 if days < 60 else 30) + dt.timedelta(days)).isoformat()


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    fraction = f".{rest:03d}" if rest else ""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
