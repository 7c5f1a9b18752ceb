"""What the feeds want to be delivered, told to people from the contracts themselves.

What becomes of a delivered row is `macros/feeds/`; which system delivers what, `crm doctor` lists.
"""

from __future__ import annotations

import difflib

from rich.console import Console
from rich.table import Table

from crm.contracts import Feed, load_feeds
from crm.errors import CrmError


class NoSuchFeedError(CrmError):
    """A feed was asked for that does not exist."""


def show(console: Console, name: str | None = None) -> None:
    """Print every feed with what it needs, or the columns of one.

    Raises `NoSuchFeedError` with the nearest name.
    """
    feeds = load_feeds()
    if name is None:
        console.print(_overview(feeds))
        console.print("The columns of one: [bold]crm feeds NAME[/bold]")
        return
    if name not in feeds:
        near = difflib.get_close_matches(name, feeds, n=1)
        raise NoSuchFeedError(
            f"There is no feed '{name}'.",
            fix=f"Did you mean '{near[0]}'?" if near else f"Feeds are: {', '.join(feeds)}.",
        )
    feed = feeds[name]
    console.print(feed.description)
    console.print(_columns(feed))
    console.print("Its header, whole:")
    header = ",".join(column.name for column in feed.columns)
    console.print(header, soft_wrap=True, highlight=False)


def _overview(feeds: dict[str, Feed]) -> Table:
    table = Table("feed", "needed", "what it holds")
    for feed in feeds.values():
        table.add_row(feed.name, needed(feed), feed.description)
    return table


def needed(feed: Feed) -> str:
    """The columns without which a file of the feed is refused."""
    groups = [" or ".join(group) for group in feed.require_one_of]
    return ", ".join([c.name for c in feed.columns if c.is_required] + groups)


def _columns(feed: Feed) -> Table:
    table = Table("column", "type", "", "meaning")
    for column in feed.columns:
        is_needed = "needed" if column.is_required else ""
        table.add_row(column.name, column.data_type, is_needed, column.description)
    return table
