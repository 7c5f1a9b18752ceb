"""Cleans what only libraries can clean: telephone numbers, tax codes, Han characters.

Each distinct text is cleaned once and kept until a library, a rule or a list changes. Names,
e-mail, addresses and dates are cleaned in SQL. Which records a clean value links is decided
elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from crm.errors import CrmError
from crm.identity.cleaned_value import CleanedValue

Cleaner = Callable[[str, str], CleanedValue]

KINDS = ("han_surname", "han_text", "phone", "tax_code")
CLEANED = pa.schema(
    [
        ("kind", pa.string()),
        ("written", pa.string()),
        ("country_code", pa.string()),
        ("value", pa.string()),
        ("is_valid", pa.bool_()),
        ("fault", pa.string()),
        ("rule", pa.string()),
        ("extension", pa.string()),
        ("cleaned_by", pa.string()),
    ]
)
_KEY = ["kind", "written", "country_code"]
# What a kind's result rests on: a library, and modules of this package.
_RESTS_ON = {
    "han_surname": ("pypinyin", "romanised.py"),
    "han_text": ("pypinyin", "romanised.py"),
    "phone": ("phonenumbers", "phones.py"),
    "tax_code": ("python-stdnum", "tax_codes.py"),
}


class UnreadablePlaceholderError(CrmError):
    """A placeholder that is no regular expression."""


def clean(
    wanted: pa.Table, known: pa.Table | None, placeholders: pa.Table, surnames: pa.Table
) -> pa.Table:
    """One row of `CLEANED` per distinct row of `wanted` (kind, written, country_code), sorted.

    `known` is an earlier result: its rows stand where nothing that they rest on has changed since.
    `placeholders` has kind and value (for phone and tax_code a regular expression), `surnames`
    surname and reading. Raises `UnreadablePlaceholderError`.
    """
    if not wanted.num_rows:
        return CLEANED.empty_table()
    marks = {kind: _mark(kind, placeholders, surnames) for kind in KINDS}
    wanted = wanted.select(_KEY).cast(pa.schema([CLEANED.field(name) for name in _KEY]))
    wanted = wanted.group_by(_KEY).aggregate([])
    kept = CLEANED.empty_table()
    if known is not None and known.num_rows:
        is_current = pc.is_in(known["cleaned_by"], pa.array(marks.values()))
        kept = known.select(CLEANED.names).cast(CLEANED).filter(is_current)
        kept = kept.join(wanted, keys=_KEY, join_type="left semi")
        wanted = wanted.join(kept.select(_KEY), keys=_KEY, join_type="left anti")
    new = _cleaned(wanted, marks, placeholders, surnames)
    return pa.concat_tables([kept, new]).sort_by([(name, "ascending") for name in _KEY])


def _cleaned(
    wanted: pa.Table, marks: dict[str, str], placeholders: pa.Table, surnames: pa.Table
) -> pa.Table:
    tables = [CLEANED.empty_table()]
    for kind in KINDS:
        rows = wanted.filter(pc.equal(wanted["kind"], kind))
        if not rows.num_rows:
            continue
        texts, countries = rows["written"].to_pylist(), rows["country_code"].to_pylist()
        cleaner = _cleaner(kind, placeholders, surnames)
        values = [cleaner(*pair) for pair in zip(texts, countries, strict=True)]
        columns = [
            pa.array(map(attrgetter(field.name), values), type=field.type)
            for field in list(CLEANED)[len(_KEY) : -1]
        ]
        mark = pa.repeat(marks[kind], rows.num_rows)
        keys = [rows[name] for name in _KEY]
        tables.append(pa.table([*keys, *columns, mark], schema=CLEANED))
    return pa.concat_tables(tables)


def _cleaner(kind: str, placeholders: pa.Table, surnames: pa.Table) -> Cleaner:
    """How a kind is cleaned. Its library is loaded here: most runs have nothing new of a kind."""
    if kind == "phone":
        from crm.identity.phones import clean_phone

        numbers = _pattern(placeholders, kind)
        return lambda text, country_code: clean_phone(text, country_code, numbers)
    if kind == "tax_code":
        from crm.identity.tax_codes import clean_tax_code

        codes = _pattern(placeholders, kind)
        return lambda text, country_code: clean_tax_code(text, country_code, codes)
    from crm.identity.romanised import romanised, romanised_surname

    if kind == "han_text":
        return lambda text, _: CleanedValue(romanised(text))
    readings = dict(
        zip(surnames["surname"].to_pylist(), surnames["reading"].to_pylist(), strict=True)
    )
    return lambda text, _: CleanedValue(romanised_surname(text, readings))


def _pattern(placeholders: pa.Table, kind: str) -> re.Pattern[str]:
    """One pattern for all of a kind; it matches nothing where there is none."""
    values = _values(placeholders, kind)
    for value in values:
        try:
            re.compile(value)
        except re.error as error:
            raise UnreadablePlaceholderError(
                f"The placeholder {value!r} of {kind} is no regular expression: {error}.",
                fix="Mend it in the seed of placeholders.",
            ) from error
        if re.search(r"\\\d", value):
            raise UnreadablePlaceholderError(
                f"The placeholder {value!r} of {kind} refers back to a group of its own.",
                fix="Write out what may repeat (1+|2+), in the seed of placeholders.",
            )
    return re.compile("|".join(f"(?:{value})" for value in values) or "(?!)")


def _values(placeholders: pa.Table, kind: str) -> list[str]:
    rows = placeholders.filter(pc.equal(placeholders["kind"], kind))
    return sorted(rows["value"].to_pylist())


def _mark(kind: str, placeholders: pa.Table, surnames: pa.Table) -> str:
    """What the result of a kind rests on, in a few letters: library, rules, lists."""
    library, module = _RESTS_ON[kind]
    lists: Iterable[object] = _values(placeholders, kind)
    if kind == "han_surname":
        lists = sorted(map(str, surnames.select(["surname", "reading"]).to_pylist()))
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in ("cleaning.py", "cleaned_value.py", module):
        digest.update((here / name).read_bytes())
    digest.update("\n".join(map(str, lists)).encode())
    return f"{kind}: {library} {version(library)}, rules {digest.hexdigest()[:12]}"
