"""Idempotence: what is seen again, or run again, changes nothing.

That such a run publishes no version is a matter of the whole: `tests/pipeline/test_laws.py`.
"""

from __future__ import annotations

import random

import pytest
from delivered_companies import Delivery, deliveries
from hypothesis import given, settings
from hypothesis import strategies as st
from lawful import MARTS, Defect, Projects, deliver, differences, landing, marts_of

# An order delivered again makes its lines anew: none may stay from before.
DEFECTS = [Defect("int_order_lines__numbered")]


def changed_by_repetition(projects: Projects, company: list[Delivery]) -> list[str]:
    """What a build more, and the last file landed and built again, change in the marts."""
    warehouse = projects.warehouse()
    with landing(projects.whole, company) as landed:
        once = marts_of(warehouse.go_on(landed.settings, *MARTS))
        again = marts_of(warehouse.go_on(landed.settings, *MARTS))
        deliver(landed, company[-1:])
        seen_again = marts_of(warehouse.go_on(landed.settings, *MARTS))
    return differences(once, again) + differences(once, seen_again)


@settings(max_examples=3, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_build_more_or_a_file_seen_again_changes_nothing(
    projects: Projects, chance: random.Random
) -> None:
    assert changed_by_repetition(projects, deliveries(chance, files=3)) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    company = deliveries(random.Random(2), feeds=("customers", "transactions"))
    assert changed_by_repetition(defect.planted(projects), company) != []
