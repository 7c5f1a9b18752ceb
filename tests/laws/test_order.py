"""Order: neither the order of rows nor how files are cut between orders changes a mart.

`tests/feeds/test_conservation.py` tries the same on the feeds, down to each row.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from delivered_companies import Delivery, deliveries
from hypothesis import given, settings
from hypothesis import strategies as st
from landed import VALID
from lawful import Defect, Projects, built_whole, differences

SPLIT_ON = {
    "transactions": "order_id",
    "customers": "customer_id",
    "products": "product_id",
    "exchange_rates": "rate_on",
}
# Lines told twice in one file, each time otherwise: neither may win by its place.
CONTRADICTING = [
    Delivery(
        "transactions",
        tuple(
            {**VALID["transactions"], "order_id": order, "line_number": "1", "quantity": quantity}
            for order in ("o1", "o2", "o3", "o4")
            for quantity in ("1", "2")
        ),
    )
]
DEFECTS = [
    Defect(
        "transactions_ranked",
        "min(payload) over same_version <> max(payload) over same_version",
        "source_line_number > min(source_line_number) over same_version",
        is_of_whole=True,
    )
]


def shuffled(company: list[Delivery], chance: random.Random) -> list[Delivery]:
    """The same files, their rows in another order."""
    return [replace(d, rows=tuple(chance.sample(d.rows, len(d.rows)))) for d in company]


def split(company: list[Delivery]) -> list[Delivery]:
    """Two files for each, no order (customer, product, day) in both."""
    parts = []
    for delivery in company:
        key = SPLIT_ON.get(delivery.feed)
        ids = sorted({str(row[key]) for row in delivery.rows}) if key else []
        halves: dict[bool, list] = {False: [], True: []}
        for row in delivery.rows:
            halves[bool(key) and ids.index(str(row[key])) % 2 == 1].append(row)
        parts += [replace(delivery, rows=tuple(rows)) for rows in halves.values() if rows]
    return parts


def joined(company: list[Delivery]) -> list[Delivery]:
    """Files of one feed that follow each other joined where they share no order."""
    files = []
    for feed, following in itertools.groupby(company, key=lambda d: d.feed):
        for delivery in following:
            key = SPLIT_ON.get(feed)
            before = files[-1] if files and files[-1].feed == feed and key else None
            if before and {r[key] for r in before.rows}.isdisjoint(r[key] for r in delivery.rows):
                files[-1] = replace(before, rows=before.rows + delivery.rows)
            else:
                files.append(delivery)
    return files


def changed_by_order(
    projects: Projects, company: list[Delivery], chance: random.Random
) -> list[str]:
    """What rows in another order, files cut in two and files joined change in the marts."""
    as_it_came = built_whole(projects, company)
    others = (shuffled(company, chance), shuffled(split(company), chance), joined(company))
    return [text for o in others for text in differences(as_it_came, built_whole(projects, o))]


@settings(max_examples=2, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_no_order_of_rows_and_no_cut_of_files_changes_a_mart(
    projects: Projects, chance: random.Random
) -> None:
    assert changed_by_order(projects, deliveries(chance, files=3), chance) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    found = changed_by_order(defect.planted(projects), CONTRADICTING, random.Random(3))
    assert found
