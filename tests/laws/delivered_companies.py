"""Small companies as what they deliver, file after file, drawn from one source of chance.

Ids, days and prices are few, so that what matters meets often: orders delivered again, corrected,
withdrawn or late, returns, customers linked and parted, foreign money before and after its rate.
Hypothesis draws from the same source as seeded companies do; no file here knows the warehouse.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from landed import VALID, Row

FIRST_DAY = dt.date(2025, 11, 20)
DAYS = 110
CUSTOMERS = tuple(f"c{number}" for number in range(1, 7))
_OTHER_FEEDS = ("customers", "exchange_rates", "link_decisions", "products")


@dataclass(frozen=True)
class Delivery:
    """One file of the system `standard`: its feed and its rows."""

    feed: str
    rows: tuple[Row, ...]


def deliveries(
    chance: random.Random, files: int = 5, orders: int = 18, feeds: Sequence[str] = ()
) -> list[Delivery]:
    """A company's files in the order in which they arrive; their feeds are drawn unless given.

    The first has orders.
    """
    if not feeds:
        drawn = chance.choices(("transactions", *_OTHER_FEEDS), (5, 2, 3, 3, 1), k=files - 1)
        feeds = ("transactions", *drawn)
    return [Delivery(feed, _rows(feed, chance, orders, place)) for place, feed in enumerate(feeds)]


def merges(*pairs: tuple[str, str]) -> Delivery:
    """A file in which a person says of pairs of customers that they are one, after all else."""
    rows = (
        {
            **VALID["link_decisions"],
            "customer_id": one,
            "other_customer_id": other,
            "updated_at": "2025-11-15 08:00:00",
        }
        for one, other in pairs
    )
    return Delivery("link_decisions", tuple(rows))


def until(company: list[Delivery], day: dt.date) -> list[Delivery]:
    """The same files without the rates after a day, and the orders that were never on or before it.

    A delivery that moves an order beyond the day is no later event: it says that the order was not
    on that day.
    """
    known = {
        row["order_id"]
        for delivery in company
        if delivery.feed == "transactions"
        for row in delivery.rows
        if str(row["ordered_at"])[:10] <= day.isoformat()
    }

    def is_kept(feed: str, row: Row) -> bool:
        if feed == "transactions":
            return row["order_id"] in known
        return feed != "exchange_rates" or str(row["rate_on"]) <= day.isoformat()

    kept = [Delivery(d.feed, tuple(r for r in d.rows if is_kept(d.feed, r))) for d in company]
    return [d for d in kept if d.rows]


def _rows(feed: str, chance: random.Random, orders: int, place: int) -> tuple[Row, ...]:
    if feed == "transactions":
        number = chance.randint(2, orders // 2) if place else orders
        chosen = chance.sample(range(orders * 3 // 2), number)
        rows = [row for order in chosen for row in _order(order, chance, place)]
    else:
        maker = {
            "customers": _customer,
            "exchange_rates": _rate,
            "link_decisions": _decision,
            "products": _product,
        }[feed]
        rows = [maker(chance, place) for _ in range(chance.randint(1, 4))]
    return tuple({**VALID[feed], **row} for row in rows)


def _order(number: int, chance: random.Random, place: int) -> list[dict[str, str]]:
    """An order's lines; what its number does not decide may be told otherwise the next time."""
    own = random.Random(number)
    is_numbered = own.random() < 0.6
    customer = own.choice((*CUSTOMERS, ""))
    day = FIRST_DAY + dt.timedelta(days=own.randrange(DAYS))
    is_mended = chance.random() < 0.3
    if is_mended:
        customer = chance.choice((*CUSTOMERS, ""))
        day = FIRST_DAY + dt.timedelta(days=chance.randrange(DAYS))
    is_withdrawn = place > 0 and chance.random() < 0.15
    currency = own.choice(("GBP", "GBP", "EUR", ""))
    lines = []
    for line in range(1, own.randint(1, 3) + 1):
        units = own.choice(("1", "2", "2", "-1"))
        lines.append(
            {
                "order_id": f"o{number}",
                "line_number": str(line) if is_numbered else "",
                "customer_id": customer,
                "ordered_at": f"{day} 10:00:00",
                "product_id": own.choice(("p1", "p2")),
                "quantity": chance.choice(("1", "2", "-1")) if is_mended else units,
                "unit_price": own.choice(("5.00", "5.00", "12.50")),
                "currency": currency,
                "updated_at": f"2026-04-{place + 1:02} 08:00:00" if chance.random() < 0.3 else "",
                "is_deleted": "true" if is_withdrawn else "",
            }
        )
    if is_numbered and chance.random() < 0.2:
        lines.append(lines[0])
    return lines


def _customer(chance: random.Random, place: int) -> dict[str, str]:
    name = chance.choice(("Ada Byron", "Ada Byron", "Max Born"))
    return {
        "customer_id": chance.choice(CUSTOMERS),
        "full_name": name,
        "email": chance.choice(("", f"{name.split()[0].lower()}@example.org")),
        "country": chance.choice(("", "FR", "GB")),
        "is_deleted": "true" if place and chance.random() < 0.1 else "",
    }


def _rate(chance: random.Random, place: int) -> dict[str, str]:
    day = FIRST_DAY + dt.timedelta(days=chance.randrange(0, DAYS, 10))
    return {"rate_on": str(day), "exchange_rate": chance.choice(("0.80", "0.90"))}


def _decision(chance: random.Random, place: int) -> dict[str, str]:
    one, other = chance.sample(CUSTOMERS, 2)
    return {
        "customer_id": one,
        "other_customer_id": other,
        "decision": chance.choice(("same", "same", "different")),
        "updated_at": f"2025-11-{place + 1:02} 08:00:00",
        "is_deleted": "true" if chance.random() < 0.2 else "",
    }


def _product(chance: random.Random, place: int) -> dict[str, str]:
    return {"product_id": chance.choice(("p1", "p2")), "product_name": chance.choice("ab")}
