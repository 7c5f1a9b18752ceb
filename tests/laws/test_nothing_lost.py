"""Conservation of rows and of money, delivery by delivery, in a warehouse that goes on.

The statements are the project's own data tests: what is delivered is accepted, quarantined or
superseded; what is accepted are order lines; what is merchandise of a customer are customer-days.
`tests/feeds/test_conservation.py` and `tests/ingestion/test_conservation_at_the_door.py` try them
row by row.
"""

from __future__ import annotations

import random

import pytest
from delivered_companies import Delivery, deliveries
from hypothesis import given, settings
from hypothesis import strategies as st
from lawful import MARTS, Defect, Projects, deliver, landing

STATEMENTS = ("accepted_rows_are_order_lines", "order_lines_are_customer_days")
DEFECTS = [
    Defect("fct_order_lines"),
    Defect("customer_days"),
    Defect("restated_orders", 'from "build"."changes"."changed_orders"', "from lines where false"),
]


def lost_or_doubled(projects: Projects, company: list[Delivery]) -> dict[str, int]:
    """How many rows break a statement, after a build of all files but the last and one of all."""
    warehouse = projects.warehouse()
    with landing(projects.whole, company[:-1]) as landed:
        warehouse.go_on(landed.settings, *MARTS)
        deliver(landed, company[-1:])
        warehouse.go_on(landed.settings, *MARTS)
        parts = [
            name
            for model in ("loads", "load_amounts")
            for name in warehouse.project.tests_of(model)
            if "parts" in name
        ]
        broken = {name: warehouse.failures(name) for name in (*parts, *STATEMENTS)}
    assert len(broken) == len(STATEMENTS) + 2
    return {name: rows for name, rows in broken.items() if rows}


@settings(max_examples=3, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_every_row_and_every_coin_is_in_one_place(
    projects: Projects, chance: random.Random
) -> None:
    assert lost_or_doubled(projects, deliveries(chance, files=3)) == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    feeds = ("transactions", "customers", "transactions")
    company = deliveries(random.Random(4), feeds=feeds)
    assert lost_or_doubled(defect.planted(projects), company) != {}
