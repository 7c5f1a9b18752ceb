"""When a category falls silent: worked out by hand, and never for what is sensitive."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from harness import Project, Warehouse
from scipy.stats import gamma

FIRST = dt.date(2024, 1, 1)
PRODUCTS = {1: "coffee", 2: "tea", 3: "Baby care", 4: None}
COFFEE, TEA, BABY_CARE, UNKNOWN = PRODUCTS
EVERY_TEN_DAYS = [0, 10, 20, 30, 40, 50]


def company(
    project: Project, bought: dict[int, list[int]], days: int = 120, **given: str
) -> Warehouse:
    """One customer's purchases by product, in days after the first; looked at after `days`."""
    lines = [
        f"('till', 'shop', 7, {product}, date '{FIRST + dt.timedelta(day)}', "
        "'EUR', 1, 10, 10, true)"
        for product, on in bought.items()
        for day in on
    ]
    visits = sorted({day for on in bought.values() for day in on})
    rows = [f"('shop', 7, date '{FIRST + dt.timedelta(day)}', true)" for day in visits]
    products = [
        f"({key}, {'null' if category is None else repr(category)})"
        for key, category in PRODUCTS.items()
    ]
    as_of = FIRST + dt.timedelta(days)
    tables = {
        "fct_order_lines": f"select * from (values {', '.join(lines)}) as t(system, business_unit, "
        "customer_key, product_key, ordered_on, currency, quantity, net_amount, "
        "net_amount_reporting, is_merchandise)",
        "customer_days": f"select * from (values {', '.join(rows)}) "
        "as t(business_unit, customer_key, ordered_on, is_occasion)",
        "dim_products": f"select product_key, cast(category as varchar) as category "
        f"from (values {', '.join(products)}) as t(product_key, category)",
        "business_units": "select 'shop' as business_unit, 1 as unit_number",
        "clock": f"select date '{as_of}' as as_of_date",
        "dim_dates": "select cast(d as date) as date_on, last_day(d) = d as is_month_end from "
        f"generate_series(date '{FIRST}', last_day(date '{as_of}'), interval 1 day) as t(d)",
    }
    return Warehouse(project, {**tables, **given})


def breaks(warehouse: Warehouse) -> list[tuple]:
    """Category, and in days after the first: when it was last bought, broke and was resumed."""
    found = warehouse.table("lifecycle_cadence_breaks")
    days = [(found[c].dt.date - FIRST).map(lambda d: d.days if d == d else None)
            for c in ("last_occasion_on", "broke_on")]  # fmt: skip
    resumed = [None if on != on else (on.date() - FIRST).days for on in found["resumed_on"]]
    return sorted(zip(found["category"], *days, resumed, strict=True))


def test_a_rhythm_breaks_on_the_first_day_beyond_its_longest_gap(project: Project) -> None:
    warehouse = company(project, {COFFEE: EVERY_TEN_DAYS, TEA: [55, 90]})
    # Five gaps of ten days: no variation of their own, two gaps' worth of buying at random.
    variation = (2 * 1 + 5 * 0) / (2 + 5)
    longest = gamma.ppf(0.95, 1 / variation, scale=10 * variation)
    assert breaks(warehouse) == [("coffee", 50, 50 + int(longest) + 1, None)]
    told = warehouse.table("lifecycle_cadence_breaks")
    assert told["longest_gap_days"][0] == pytest.approx(longest, rel=0.01)
    assert (told["expected_gap_days"][0], told["gaps"][0]) == (10, 5)


def test_a_break_is_told_when_it_is_there_and_once(project: Project) -> None:
    bought = {COFFEE: [*EVERY_TEN_DAYS, 100], UNKNOWN: [55, 60, 65, 70, 75, 80, 85]}
    [(_, last, broke, resumed)] = breaks(company(project, bought, days=120))
    assert (last, resumed) == (50, 100)
    assert breaks(company(project, bought, days=broke - 1)) == []
    until = {product: [d for d in on if d <= broke] for product, on in bought.items()}
    assert breaks(company(project, until, days=broke)) == [("coffee", 50, broke, None)]


def test_it_waits_for_a_purchase_of_something_else(project: Project) -> None:
    assert breaks(company(project, {COFFEE: EVERY_TEN_DAYS})) == []
    assert breaks(company(project, {COFFEE: EVERY_TEN_DAYS, UNKNOWN: [90]})) == [
        ("coffee", 50, 90, None)
    ]
    # Who buys the category again first has not broken the rhythm.
    assert breaks(company(project, {COFFEE: [*EVERY_TEN_DAYS, 100], TEA: [101]})) == []


def test_four_gaps_are_needed(project: Project) -> None:
    assert breaks(company(project, {COFFEE: [0, 10, 20, 30], TEA: [90]})) == []
    assert breaks(company(project, {COFFEE: [0, 10, 20, 30, 40], TEA: [90]})) != []


def test_nothing_is_concluded_from_a_sensitive_category(project: Project) -> None:
    bought = {BABY_CARE: EVERY_TEN_DAYS, TEA: [55, 90]}
    allowed = company(
        project,
        bought,
        sensitive_categories="select '%tobacco%' as category_pattern, 'addiction' as why",
    )
    assert [category for category, *_ in breaks(allowed)] == ["Baby care"]
    assert list(allowed.table("lifecycle_category_cadences")["category"]) == ["Baby care"]
    warehouse = company(project, bought)
    assert breaks(warehouse) == []
    for table in ("lifecycle_category_cadences", "category_occasions", "product_categories"):
        assert "Baby care" not in set(warehouse.table(table)["category"])


def test_the_next_purchase_of_a_category_is_expected_a_gap_later(project: Project) -> None:
    [cadence] = (
        company(project, {COFFEE: EVERY_TEN_DAYS}, days=65)
        .table("lifecycle_category_cadences")
        .to_dict("records")
    )
    assert cadence["next_expected_on"].date() == FIRST + dt.timedelta(60)
    assert Decimal(str(cadence["overdue_ratio"])) == Decimal("1.5")
