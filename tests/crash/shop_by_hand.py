"""A small shop of the system `standard`, and what is delivered to it after its first build.

New orders, an order that comes late, a correction, a withdrawal, records of customers old and new,
and a file that was delivered before: all that must be neither lost nor doubled.
"""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random

CUSTOMERS, ORDERS, NEW_ORDERS = 30, 200, 20
FIRST_ON, LAST_ON = dt.date(2025, 1, 10), dt.date(2025, 12, 20)
_CUSTOMER = ("customer_id", "customer_type", "full_name", "email", "country", "updated_at")
_ORDER = (
    "order_id", "line_number", "customer_id", "ordered_at", "product_id", "quantity", "unit_price",
    "currency", "updated_at", "is_deleted",
)  # fmt: skip


def found(landing: Path) -> None:
    """What is there at the first build."""
    random = Random(1)
    _write(landing, "customers", "1.csv", _CUSTOMER, (_customer(n) for n in range(CUSTOMERS)))
    days = (LAST_ON - FIRST_ON).days
    on = [FIRST_ON + dt.timedelta(days=random.randrange(days)) for _ in range(ORDERS)]
    orders = (_order(f"o{n}", on[n], random) for n in range(ORDERS))
    _write(landing, "transactions", "1.csv", _ORDER, orders)


def deliver(landing: Path) -> None:
    """What arrives at once, after the first build."""
    random = Random(2)
    new_on = LAST_ON + dt.timedelta(days=5)
    orders = [_order(f"n{n}", new_on, random) for n in range(NEW_ORDERS)]
    orders.append(_order("late", FIRST_ON + dt.timedelta(days=40), random))
    orders.append(_order("o1", FIRST_ON + dt.timedelta(days=60), random, updated_on=new_on))
    orders.append(_order("o2", FIRST_ON, random, updated_on=new_on, is_deleted="true"))
    _write(landing, "transactions", "2.csv", _ORDER, orders)
    changed = (_customer(n, updated_on=new_on) for n in (0, CUSTOMERS, CUSTOMERS + 1))
    _write(landing, "customers", "2.csv", _CUSTOMER, changed)
    folder = landing / "standard" / "transactions"
    shutil.copyfile(folder / "1.csv", folder / "3_again.csv")


def deliver_more(landing: Path) -> None:
    """What arrives after that: the next number in the lake's order."""
    orders = [_order("more", LAST_ON + dt.timedelta(days=6), Random(3))]
    _write(landing, "transactions", "4.csv", _ORDER, orders)


def _write(
    landing: Path, table: str, name: str, header: Iterable[str], rows: Iterable[Iterable[object]]
) -> None:
    folder = landing / "standard" / table
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header, *rows])


def _customer(number: int, updated_on: dt.date = FIRST_ON) -> tuple[object, ...]:
    name, mail = f"Person {updated_on.year} Number{number}", f"p{number}@example.org"
    return f"c{number}", "person", name, mail, "GB", f"{updated_on} 09:00:00"


def _order(
    order_id: str,
    on: dt.date,
    random: Random,
    updated_on: dt.date | None = None,
    is_deleted: str = "false",
) -> tuple[object, ...]:
    customer, product = f"c{random.randrange(CUSTOMERS + 1)}", f"p{random.randrange(9)}"
    quantity, price = random.randrange(1, 5), random.randrange(100, 9999) / 100
    times = f"{on} 10:00:00", f"{updated_on or on} 11:00:00"
    return order_id, 1, customer, times[0], product, quantity, price, "GBP", times[1], is_deleted
