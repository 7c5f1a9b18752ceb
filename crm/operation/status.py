"""How the warehouse stands: what arrived, what became of it, how fresh it is, what readers see.

Everything is read from the published marts and the lake's log; judging it is `doctor.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from crm.lake.deliveries import read_deliveries
from crm.publication import marts
from crm.publication.versions import current_manifest, list_versions
from crm.settings import Settings

_MOST = 10


@dataclass(frozen=True)
class Load:
    """One delivered file and what became of its rows, as `quality.loads` has it."""

    load_id: int
    system: str
    source_table: str
    file: str
    delivered: int
    accepted: int
    quarantined: int
    superseded: int
    unparseable: int
    reason: str | None
    extra_columns: str | None


def newest_load_id(settings: Settings) -> int:
    """The sequence of the newest delivery in the lake; 0 where nothing has arrived."""
    return max((delivery.load_id for delivery in read_deliveries(settings)), default=0)


def published_up_to(settings: Settings) -> int:
    """The newest delivery that readers see something of; 0 where nothing is published."""
    manifest = current_manifest(settings)
    return manifest.known_at if manifest else 0


def loads(settings: Settings, after: int = 0) -> list[Load]:
    """The published loads with a higher `load_id` than `after`, oldest first."""
    found = marts.query(
        settings,
        "select load_id, system, source_table, file, delivered, accepted, quarantined, superseded, "
        "unparseable, reason, extra_columns from quality.loads "
        f"where load_id > {int(after)} order by load_id",
    )
    return [Load(*row) for row in found.rows]


def show(settings: Settings, console: Console) -> None:
    """Print the state of the warehouse."""
    manifest = current_manifest(settings)
    if manifest is None:
        console.print("Nothing is published yet. Next: [bold]crm build[/bold]")
        return
    console.print(
        f"Published: version {manifest.version}, made {manifest.created_at:%Y-%m-%d %H:%M} UTC, "
        f"as of {manifest.as_of_date}, with deliveries up to {manifest.known_at}; "
        f"{len(list_versions(settings))} versions kept.",
        highlight=False,
    )
    taken = loads(settings)
    waiting = newest_load_id(settings) - (taken[-1].load_id if taken else 0)
    if waiting > 0:
        console.print(f"{waiting} deliveries have arrived since. Next: [bold]crm build[/bold]")
    console.print(_freshness(settings))
    console.print(_loads(taken))
    extra = marts.query(
        settings,
        "select system, source_table, extra_columns, count(*) as files from quality.loads "
        "where extra_columns is not null group by all "
        f"order by files desc, extra_columns limit {_MOST}",
    )
    if extra.rows:
        console.print(_table("Columns beyond the contract, kept in the lake and not read", extra))
    reasons = marts.query(
        settings,
        "select system, source_table, reasons, count(*) as rows_held from quality.quarantined_rows "
        f"group by all order by rows_held desc, reasons limit {_MOST}",
    )
    if reasons.rows:
        console.print(_table("Held back, most frequent reason first", reasons))
        console.print(
            "Each row: crm query 'select * from quality.quarantined_rows'", highlight=False
        )


def _freshness(settings: Settings) -> Table:
    found = marts.query(
        settings,
        "select system, source_table, count(*) as files, max(delivered_at) as newest_delivery_utc "
        "from quality.loads group by all order by all",
    )
    return _table("Sources", found)


_COUNTS = {
    "delivered": "rows",
    "accepted": "accepted",
    "quarantined": "held back",
    "superseded": "replaced",
    "unparseable": "unread",
}


def _loads(taken: list[Load]) -> Table:
    table = Table("load", title=f"The last {_MOST} loads", title_justify="left")
    table.add_column("file", overflow="fold", min_width=18)
    for title in _COUNTS.values():
        table.add_column(title, justify="right")
    for load in taken[-_MOST:]:
        table.add_row(
            str(load.load_id),
            "\n".join(
                filter(None, (f"{load.system}/{load.source_table}/{load.file}", load.reason))
            ),
            *(f"{getattr(load, name):,}" for name in _COUNTS),
        )
    return table


def _table(title: str, found: marts.Result) -> Table:
    table = Table(*found.columns, title=title, title_justify="left")
    for row in found.rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    return table
