"""Whether a delivery's column names are fit to be taken.

Looks at names only, whatever the format; types and values are judged row by row in `macros/feeds/`.
"""

from __future__ import annotations

import difflib

from crm.contracts import SourceTable

STORED_AS = "_stored_as"
RESERVED = ("_line_number", "_load_id", STORED_AS)
LONGEST_NAME = 200
MOST_COLUMNS = 2_000  # reading takes the square of them; no source has as many


def judge_header(names: tuple[str, ...], table: SourceTable) -> str | None:
    """Why a delivery with these column names is refused; null where it is not.

    Names are compared as SQL does, without regard to case. The reason may name a delivered column,
    but only of what surely is a header: the first line of a file without one is somebody's data.
    """
    if len(names) > MOST_COLUMNS:
        return f"It has {len(names)} columns; the most that are read are {MOST_COLUMNS}."
    known = {column.name.lower() for column in table.columns}
    if known.isdisjoint(name.lower() for name in names):
        return "No column name is known: the file has no header, or that of another table."
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not name:
            return f"Column {position} has no name."
        if not name.isprintable() or len(name) > LONGEST_NAME:
            return f"Column {position} has a name that is no name: {name[:LONGEST_NAME]!r}."
        if name.lower() in RESERVED:
            return f"Column '{name}' has a name that the lake keeps for itself."
        if name.lower() in seen:
            return f"Column '{name}' is delivered twice; names that differ in case are the same."
        seen.add(name.lower())
    groups = [(name,) for name in table.required] + list(table.require_one_of)
    for group in groups:
        if not any(name.lower() in seen for name in group):
            wanted = " or ".join(f"'{name}'" for name in group)
            near = difflib.get_close_matches(group[0].lower(), sorted(seen), n=1, cutoff=0.0)
            hint = next(name for name in names if name.lower() == near[0])
            return f"Column {wanted} is missing; the nearest delivered is '{hint}'."
    return None


def extra_columns(names: tuple[str, ...], table: SourceTable) -> tuple[str, ...]:
    """The delivered names that the table does not declare."""
    known = {column.name.lower() for column in table.columns}
    return tuple(name for name in names if name.lower() not in known)
