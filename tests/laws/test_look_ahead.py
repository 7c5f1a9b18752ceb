"""No look-ahead: what happened later, or was known later, changes no earlier answer."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from delivered_companies import DAYS, FIRST_DAY, Delivery, deliveries, until
from hypothesis import given, settings
from hypothesis import strategies as st
from lawful import (
    MARTS,
    Defect,
    Projects,
    built_whole,
    deliver,
    differences,
    landing,
    marts_of,
)

MIDDLE = FIRST_DAY + dt.timedelta(days=DAYS // 2)
DEFECTS = [Defect("int_order_lines__valued", "where n.ordered_on <= c.as_of_date", "", True)]


def changed_by_later_events(projects: Projects, company: list[Delivery], day: dt.date) -> list[str]:
    """In what the answer for a day differs when nothing after it was delivered at all."""
    with_later_events = built_whole(projects, company, as_of=day)
    return differences(with_later_events, built_whole(projects, until(company, day), as_of=day))


@settings(max_examples=3, deadline=None)
@given(chance=st.randoms(use_true_random=False), days=st.integers(20, DAYS))
def test_events_after_a_day_change_nothing_on_it(
    projects: Projects, chance: random.Random, days: int
) -> None:
    company = deliveries(chance, files=3)
    assert changed_by_later_events(projects, company, FIRST_DAY + dt.timedelta(days=days)) == []


@settings(max_examples=3, deadline=None)
@given(chance=st.randoms(use_true_random=False), known_at=st.integers(1, 2))
def test_what_a_day_knew_gives_its_answer_again(
    projects: Projects, chance: random.Random, known_at: int
) -> None:
    company = deliveries(chance, files=3)
    warehouse = projects.warehouse()
    with landing(projects.whole, company[:known_at]) as landed:
        stood = marts_of(warehouse.go_on(landed.settings, *MARTS))
        deliver(landed, company[known_at:])
        warehouse.go_on(landed.settings, *MARTS)
        anew = projects.warehouse().go_on(landed.settings, *MARTS, known_at=known_at)
        assert differences(stood, marts_of(anew)) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    company = deliveries(random.Random(1), files=2)
    assert changed_by_later_events(defect.planted(projects), company, MIDDLE) != []
