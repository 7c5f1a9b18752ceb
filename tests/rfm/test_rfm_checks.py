"""Every check of the RFM marts and seeds passes on what is right and fails on what is wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from companies import Company, rows_of
from harness import Warehouse

COMPANY = Company(
    rows_of(
        [(customer, f"2024-0{month}-1{customer % 8}", str(10 * customer + month))
         for customer in range(1, 24) for month in range(1, 2 + customer % 4)]
    ),
    dt.date(2024, 5, 20),
)  # fmt: skip


def broken(project, mart: str, columns: str) -> Warehouse:
    """COMPANY's warehouse with `columns` replaced in one mart."""
    warehouse = COMPANY.warehouse(project).build("rfm_segment_migrations", mart)
    relation = project.node(mart).relation
    warehouse.con.execute(
        f"create or replace table {relation} as select * replace ({columns}) from {relation}"
    )
    return warehouse


def check(project, model: str, prefix: str) -> str:
    (name,) = (name for name in project.tests_of(model) if name.startswith(prefix))
    return name


@pytest.mark.parametrize(
    ("mart", "prefix", "fault"),
    [
        ("rfm_customers", "rfm_scores_are_whole", "null as segment"),
        ("rfm_customers", "rfm_scores_are_whole", "6 as f_score"),
        ("rfm_customers", "rfm_scores_are_whole", "0 as hughes_m"),
        ("rfm_customers", "rfm_scores_are_whole", "-1 as recency_days"),
        ("rfm_customers", "rfm_scores_are_whole", "null as monetary_amount"),
        ("rfm_customers", "rfm_scores_are_whole", "2.0 as monetary_coverage_ratio"),
        ("rfm_customers", "hughes_cells_are_even", "1 as hughes_r"),
        ("rfm_customers", "hughes_cells_are_even", "greatest(hughes_f, 2) as hughes_f"),
        ("rfm_customer_months", "hughes_cells_are_even", "least(hughes_r, 4) as hughes_r"),
        ("rfm_customers", "rfm_ties_to_customer_days", "monetary_amount + 0.01 as monetary_amount"),
        ("rfm_customers", "rfm_ties_to_customer_days", "frequency + 1 as frequency"),
        ("rfm_segment_migrations", "migrations_add_up", "customers + 1 as customers"),
        ("rfm_customer_months", "migrations_add_up", "'lost' as segment"),
    ],
)
def test_a_fault_in_a_mart_is_found(project, mart, prefix, fault):
    model = "rfm_segment_migrations" if prefix == "migrations_add_up" else mart
    name = check(project, model, prefix)
    assert COMPANY.warehouse(project).failures(name) == 0
    assert broken(project, mart, fault).failures(name) > 0


RANGES = "segment, r_min, r_max, f_min, f_max, m_min, m_max"
SEEDS = {
    "rfm_segment_ranges": "segment_ranges_hold_every_cell_once",
    "rfm_cut_points": "cut_points_are_whole_and_in_order",
    "rfm_settings": "holds_a_row_for_all_units",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_as_shipped_pass_their_checks(project, seed):
    assert Warehouse(project).failures(check(project, seed, SEEDS[seed])) == 0


@pytest.mark.parametrize(
    ("seed", "change", "faults"),
    [
        ("rfm_segment_ranges", "delete from {} where segment = 'lost'", 5),
        ("rfm_segment_ranges", "update {} set m_max = 4 where segment = 'champions'", 4),
        ("rfm_segment_ranges", "insert into {} values ('loyal', 5, 5, 5, 5, 1, 5)", 5),
        ("rfm_segment_ranges", "update {} set segment = 'not_scored' where segment = 'lost'", 5),
        ("rfm_cut_points", "delete from {} where measure = 'frequency' and score = 3", 1),
        ("rfm_cut_points", "delete from {} where measure = 'frequency'", 1),
        (
            "rfm_cut_points",
            "update {} set worst_value = 29 where worst_value = 90",
            1,
        ),
        ("rfm_cut_points", "update {} set worst_value = 2 where worst_value = 4", 1),
        ("rfm_settings", "update {} set business_unit = 'shop'", 1),
    ],
)
def test_a_fault_in_a_seed_is_found(project, seed, change, faults):
    warehouse = Warehouse(project).build(seed)
    warehouse.con.execute(change.format(project.node(seed).relation))
    assert warehouse.failures(check(project, seed, SEEDS[seed])) == faults


@pytest.mark.parametrize(("days", "faults"), [(1, 0), (0, 1), (3660, 0), (3661, 1)])
def test_a_value_out_of_its_range_is_found_at_the_bounds(project, days, faults):
    given = {"rfm_settings": f"select '*' as business_unit, {days} as window_days"}
    name = check(project, "rfm_settings", "within")
    assert Warehouse(project, given).failures(name) == faults
