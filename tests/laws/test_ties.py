"""Ties: equal measures have equal scores. Exact Hughes cells are of equal size and exempt."""

from __future__ import annotations

import random

import pytest
from delivered_companies import Delivery, deliveries
from hypothesis import given, settings
from hypothesis import strategies as st
from lawful import MARTS, Defect, Projects, landing

SCORES = {"recency_days": "r_score", "frequency": "f_score", "monetary_amount": "m_score"}
DEFECTS = [
    Defect("int_rfm_customers__scored", "    s.f_score,\n", "    s.hughes_f as f_score,\n", True)
]


def unequal_scores(projects: Projects, company: list[Delivery]) -> list[tuple[object, ...]]:
    """Measures of one month-end and unit that have two scores."""
    with landing(projects.whole, company) as landed:
        warehouse = projects.warehouse().go_on(landed.settings, *MARTS)
    return [
        row
        for measure, score in SCORES.items()
        for row in warehouse.con.execute(
            f"select business_unit, month_end, {measure}, count(distinct {score}) "
            "from marts.rfm.rfm_customer_months "
            f"group by all having count(distinct {score}) > 1 and {measure} is not null"
        ).fetchall()
    ]


@settings(max_examples=3, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_equal_measures_have_equal_scores(projects: Projects, chance: random.Random) -> None:
    assert unequal_scores(projects, deliveries(chance, files=2, orders=30)) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_the_law_catches(projects: Projects, defect: Defect) -> None:
    company = deliveries(random.Random(1), files=1, orders=40)
    assert unequal_scores(defect.planted(projects), company) != []
