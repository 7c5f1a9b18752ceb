"""Incremental ≡ full: marts do not tell in how many builds they were made."""

from __future__ import annotations

import functools
import random

import pytest
from delivered_companies import deliveries, merges
from hypothesis import given, settings
from hypothesis import strategies as st
from lawful import (
    Defect,
    Marts,
    Projects,
    built_in_steps,
    built_whole,
    differences,
)

CHANCE = st.randoms(use_true_random=False)
# All that a day can bring, at once: corrections and late orders, a rate, customers who are one.
EVENTFUL = [
    *deliveries(
        random.Random(1),
        orders=30,
        feeds=("transactions", "customers", "transactions", "exchange_rates"),
    ),
    merges(("c1", "c2"), ("c3", "c4")),
]
FIRST_BUILD = 2  # after so many files
# What the second build of that company then no longer does.
DEFECTS = [
    Defect("transactions_ranked"),
    Defect("int_order_lines__numbered"),
    Defect("int_returns__linked"),
    Defect("fct_orders"),
    Defect("customer_days"),
    Defect("rfm_customer_months"),
    Defect("restated_orders", "on l.customer_key = c.customer_key", "on false"),
    Defect("changed_customers", "from relinked", "from relinked where is_now"),
    Defect("changed_rates", "\n) as d", "\n) as d where false"),
    Defect("changed_rfm_populations", "and p.snapshot_on >= d.ordered_on", "and false"),
]


@settings(max_examples=3, deadline=None)
@given(chance=CHANCE, builds_after=st.sets(st.integers(1, 3), min_size=1))
def test_any_sequence_of_deliveries_and_builds_ends_like_one_full_build(
    projects: Projects, chance: random.Random, builds_after: set[int]
) -> None:
    company = deliveries(chance, files=4)
    in_steps = built_in_steps(projects, company, builds_after)
    found = differences(in_steps, built_whole(projects, company))
    assert not found


def test_an_eventful_day_ends_like_one_full_build(projects: Projects) -> None:
    in_steps = built_in_steps(projects, EVENTFUL, {FIRST_BUILD})
    found = differences(in_steps, whole(projects))
    assert not found


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    in_steps = built_in_steps(defect.planted(projects), EVENTFUL, {FIRST_BUILD})
    found = differences(in_steps, whole(projects))
    assert found


@functools.cache
def whole(projects: Projects) -> Marts:
    """The eventful company built at once."""
    return built_whole(projects, EVENTFUL)
