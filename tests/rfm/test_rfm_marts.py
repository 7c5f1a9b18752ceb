"""The RFM marts agree with their definition, and keep the laws, on generated companies."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest
from companies import Company, Day, companies, rows_of
from harness import Warehouse
from hypothesis import given, settings
from rfm_by_hand import KEYS, migrations, month_ends, rfm

from crm.settings import Settings

EXAMPLES = settings(max_examples=15, deadline=None)
COLUMNS = [
    *KEYS, "last_occasion_on", "segment", "eight_cell", "recency_days", "frequency",
    "monetary_amount", "monetary_coverage_ratio", "r_score", "f_score", "m_score", "hughes_r",
    "hughes_f", "hughes_m",
]  # fmt: skip
SCORES = ["r_score", "f_score", "m_score", "segment", "eight_cell"]


def as_rows(frame: pd.DataFrame, columns: Sequence[str] = tuple(COLUMNS)) -> list[tuple]:
    """A frame as sorted tuples of plain values, so that differences read well."""
    if frame.empty:
        return []
    wanted = frame[list(columns)]
    plain = wanted.astype(object).where(wanted.notna(), None)
    return sorted((tuple(map(_plain, row)) for row in plain.itertuples(index=False)), key=str)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.date()
    return float(value) if value is not None and not isinstance(value, str | dt.date) else value


def months_of(warehouse) -> pd.DataFrame:
    return warehouse.table("rfm_customer_months").rename(columns={"month_end": "snapshot_on"})


def customers_of(warehouse) -> pd.DataFrame:
    return warehouse.table("rfm_customers").rename(columns={"as_of_date": "snapshot_on"})


def expected_months(company: Company) -> pd.DataFrame:
    ends = month_ends(min(day.on for day in company.days), company.as_of)
    return rfm(company.frame(), ends, company.window_days)


@EXAMPLES
@given(company=companies())
def test_months_and_customers_equal_an_independent_computation(project, company):
    warehouse = company.warehouse(project)
    assert as_rows(months_of(warehouse)) == as_rows(expected_months(company))
    at_the_end = rfm(company.frame(), [company.as_of], company.window_days)
    assert as_rows(customers_of(warehouse)) == as_rows(at_the_end)


@EXAMPLES
@given(company=companies())
def test_migrations_equal_an_independent_count_and_the_recipe_gives_any_other_pair(
    project, company
):
    warehouse = company.warehouse(project).build("rfm_customer_months")
    published = warehouse.table("rfm_segment_migrations")
    months = expected_months(company)
    ends = month_ends(min(day.on for day in company.days), company.as_of)
    recipe = project.node("rfm_segment_migrations").description.partition("two month-ends:")[2]
    columns = ["business_unit", "from_segment", "to_segment", "customers"]
    for earlier, later in itertools.islice(itertools.combinations(ends, 2), 12):
        wanted = as_rows(migrations(months, earlier, later), columns) if len(months) else []
        asked = recipe.replace("2011-01-31", str(earlier)).replace("2011-11-30", str(later))
        assert as_rows(warehouse.query(asked), columns) == wanted
        apart = (later.year - earlier.year) * 12 + later.month - earlier.month
        pair = (published["month_end"].dt.date == later) & (
            published["from_month_end"].dt.date == earlier
        )
        assert as_rows(published[pair], columns) == (wanted if apart in (1, 3, 6, 12) else [])
        assert set(published[pair]["months_apart"]) <= {apart}


@EXAMPLES
@given(company=companies())
def test_events_after_a_snapshot_change_nothing_at_it(project, company):
    cut = sorted(day.on for day in company.days)[len(company.days) // 2]
    full = months_of(company.warehouse(project))
    earlier = months_of(company.until(cut).warehouse(project))
    closed = pd.Timestamp(cut)
    assert as_rows(full[full["snapshot_on"] <= closed]) == as_rows(
        earlier[earlier["snapshot_on"] <= closed]
    )
    looked_at_then = customers_of(replace(company.until(cut), as_of=cut).warehouse(project))
    plain = rfm(company.frame(), [cut], company.window_days)
    assert as_rows(looked_at_then) == as_rows(plain)


@EXAMPLES
@given(company=companies())
def test_equal_measures_have_equal_scores_segments_and_eight_cells(project, company):
    months = months_of(company.warehouse(project))
    population = ["business_unit", "snapshot_on"]
    for measure, score in zip(
        ("recency_days", "frequency", "monetary_amount"), SCORES[:3], strict=True
    ):
        assert (months.groupby([*population, measure])[score].nunique() <= 1).all()
    alike = months.groupby([*population, "recency_days", "frequency", "monetary_amount"])
    assert (alike[["segment", "eight_cell"]].nunique() <= 1).all(axis=None)


@EXAMPLES
@given(company=companies())
def test_shuffled_input_gives_the_same_marts(project, company):
    mixed = list(company.days)
    random.Random(7).shuffle(mixed)
    first = company.warehouse(project)
    second = replace(company, days=tuple(mixed)).warehouse(project)
    for mart in ("rfm_customer_months", "rfm_customers", "rfm_segment_migrations"):
        assert first.table(mart).equals(second.table(mart))


@EXAMPLES
@given(company=companies())
def test_every_data_test_of_the_marts_passes_on_any_company(project, company):
    warehouse = company.warehouse(project)
    marts = ("rfm_customer_months", "rfm_customers", "rfm_segment_migrations")
    names = {
        name for mart in marts for name in project.tests_of(mart) if "dim_customers" not in name
    }
    assert len(names) > 10
    assert {name: warehouse.failures(name) for name in names} == dict.fromkeys(names, 0)


def test_a_company_without_history_has_empty_marts_of_the_same_types(project):
    nobody = Company((), dt.date(2024, 3, 31))
    unborn = nobody.warehouse(
        project,
        clock="select cast(null as date) as as_of_date",
        dim_dates="select cast(null as date) as date_on, false as is_month_end where false",
    )
    living = Company(rows_of([(1, "2024-01-05", "10")]), dt.date(2024, 3, 15)).warehouse(project)
    for mart in ("rfm_customer_months", "rfm_customers", "rfm_segment_migrations"):
        types = {}
        for name, warehouse in (("nobody", nobody.warehouse(project)), ("unborn", unborn),
                                ("living", living)):  # fmt: skip
            relation = project.node(mart).relation
            rows = len(warehouse.table(mart))
            assert rows == 0 or name == "living"
            types[name] = warehouse.con.execute(f"describe {relation}").fetchall()
        assert types["nobody"] == types["unborn"] == types["living"]


@pytest.mark.parametrize(
    ("window_days", "expected"),
    [(31, [(0, 2)]), (30, [(0, 1)]), (1, [(0, 1)]), (32, [(0, 2)])],
)
def test_a_day_counts_for_exactly_window_days(project, window_days, expected):
    days = (Day(1, dt.date(2024, 1, 1)), Day(1, dt.date(2024, 1, 31)))
    warehouse = Company(days, dt.date(2024, 1, 31), window_days).warehouse(project)
    found = months_of(warehouse)
    assert list(zip(found["recency_days"], found["frequency"], strict=True)) == expected


def test_money_of_days_that_are_no_occasion_counts_but_makes_no_customer(project):
    bought, returned = dt.date(2024, 1, 10), dt.date(2024, 1, 20)
    days = (
        Day(1, bought),
        Day(1, returned, rows_of([(1, "2024-01-20", "-4")])[0].amount, is_occasion=False),
        Day(2, returned, rows_of([(2, "2024-01-20", "-9")])[0].amount, is_occasion=False),
    )
    found = months_of(Company(days, dt.date(2024, 1, 31)).warehouse(project))
    assert as_rows(found, ["customer_key", "recency_days", "frequency", "monetary_amount"]) == [
        (1.0, 21.0, 1.0, 6.0)
    ]


def test_a_customer_whose_money_is_unknown_has_no_m_score_and_no_segment(project):
    days = (
        *rows_of([(c, "2024-01-10", "10") for c in range(1, 6)]),
        Day(9, dt.date(2024, 1, 12), None, lines_with_rate=0),
        Day(8, dt.date(2024, 1, 12), lines=4, lines_with_rate=1),
    )
    found = months_of(Company(days, dt.date(2024, 1, 31)).warehouse(project))
    columns = [
        "customer_key",
        "monetary_coverage_ratio",
        "r_score",
        "f_score",
        *SCORES[2:],
        "hughes_r",
    ]
    rows = {row[0]: row[1:] for row in as_rows(found, columns)}
    assert rows[9.0] == (0.0, 5.0, 1.0, None, None, None, None)
    assert rows[8.0][0] == 0.25
    assert rows[8.0][4] == "recent_buyers"


def test_fixed_cut_points_score_a_unit_by_its_own_bounds(project):
    bought = rows_of(
        [(1, "2024-01-31", "99.99"), (2, "2024-01-01", "100"), (3, "2023-12-31", "3000")]
    )
    days = tuple(replace(day, unit=unit) for unit in ("shop", "web") for day in bought)
    warehouse = Company(days, dt.date(2024, 1, 31)).warehouse(
        project,
        rfm_settings="select '*' as business_unit, 365 as window_days, "
        "'percent_rank' as scoring_method union all select 'web', 365, 'cut_points'",
    )
    found = months_of(warehouse)
    january = found[found["snapshot_on"] == pd.Timestamp(2024, 1, 31)]
    columns = ["business_unit", "customer_key", *SCORES[:3]]
    assert as_rows(january, columns) == [
        ("shop", 1.0, 5.0, 1.0, 1.0),
        ("shop", 2.0, 3.0, 1.0, 3.0),
        ("shop", 3.0, 1.0, 1.0, 5.0),
        ("web", 1.0, 5.0, 1.0, 1.0),
        ("web", 2.0, 5.0, 1.0, 2.0),
        ("web", 3.0, 4.0, 1.0, 5.0),
    ]


def test_an_empty_raw_lake_gives_empty_marts(project, tmp_path):
    warehouse = Warehouse(project)
    warehouse.register_raw(Settings(home=tmp_path))
    for mart in ("rfm_customer_months", "rfm_customers", "rfm_segment_migrations"):
        rows = warehouse.table(mart)
        assert "customers" in rows or "customer_key" in rows
        assert rows.empty
    assert len(warehouse.table("rfm_segments")) == 12
    assert len(warehouse.table("rfm_eight_cells")) == 8
