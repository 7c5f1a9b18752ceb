"""What an extraction remembers of a table: how far it came, and the rows that it will see again.

One Parquet file per table, replaced in one step. Nothing of a row is kept but a hash of it. What
the numbers mean is `extraction.py`'s business.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.extraction.databases import Source
from crm.lake.deliveries import put
from crm.readers.reading import literal
from crm.settings import Settings


@dataclass(frozen=True)
class State:
    """How far a table was extracted.

    `watermark` is the greatest cursor so far, times as microseconds since 1970; null where no row
    had one that lies between the year 1000 and the present. `file` has the columns `row_hash`, a
    text, and `occurrence`, which counts equal rows from 1.
    """

    watermark: int | None
    file: Path


def state_file(settings: Settings, source: Source) -> Path:
    """Where a table's state is kept. Without it, everything is extracted again."""
    return settings.raw / "_extracts" / source.system / f"{source.table}.parquet"


def read_state(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: Source
) -> State | None:
    """The state of a table; null where there is none that is whole and of the same declaration."""
    file = state_file(settings, source)
    if not file.exists():
        return None
    try:
        kept = connection.execute(
            "select decode(key), decode(value) from parquet_kv_metadata(?)", [str(file)]
        ).fetchall()
        values = json.loads(dict(kept)["extraction"])
    except (duckdb.Error, KeyError, ValueError):
        return None  # damaged: everything anew, and the natural keys absorb it
    if values["declaration"] != _declaration(source):
        return None
    return State(values["watermark"], file)


def write_state(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    source: Source,
    watermark: int | None,
    hashes: str,
) -> None:
    """Replace a table's state; `hashes` is a query of (row_hash, occurrence)."""
    target = state_file(settings, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".part")
    values = json.dumps({"declaration": _declaration(source), "watermark": watermark})
    connection.execute(
        f"copy ({hashes}) to {literal(str(written))} "
        f"(format parquet, compression zstd, kv_metadata {{extraction: {literal(values)}}})"
    )
    put(written, target)


def _declaration(source: Source) -> str:
    """A hash of what makes a state useless when it changes."""
    decisive = [source.database.kind, source.extraction.relation, source.extraction.cursor]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]
