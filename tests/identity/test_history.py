"""The history of customers, against days asked one by one, and its laws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from customers_by_hand import AS_OF, record_key, warehouse_of
from golden_by_hand import Golden, Record, Version, golden_days
from harness import Project, Warehouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landed import Landed, rows_of

DAY = dt.date
ONE_DAY = dt.timedelta(days=1)
TRUST = {"standard": 50, "shopify": 50, "woocommerce": 90}
Customer = dict[Record, dt.date]

# What is published as it is told.
SAME = (
    "customer_type", "country", "city", "occupation", "credit_days", "points_balance",
    "has_email_consent", "registered_on", "last_verified_on",
)  # fmt: skip
OF_PERSONS = ("full_name", "given_name", "email", "address_line", "loyalty_card_id")
TOLD: dict[str, list[Any]] = {
    "customer_type": ["person", "organisation"],
    "full_name": ["Ann Lee", "A. Lee"],
    "given_name": ["Ann"],
    "country": ["GB", "FR"],
    "city": ["Leeds", "Paris"],
    "address_line": ["1 High St"],
    "email": ["ann@x.org", "lee@y.org"],
    "occupation": ["nurse", ""],
    "loyalty_card_id": ["007"],
    "credit_days": [10, 9],
    "points_balance": [Decimal("9.5000"), Decimal("10.0000")],
    "has_email_consent": [True, False],
    "birth_date": [DAY(1984, 2, 29), DAY(1990, 1, 1)],
    "registered_on": [DAY(2026, 3, 2), DAY(2026, 3, 9)],
    "last_verified_on": [DAY(2026, 3, 3), DAY(2026, 3, 11)],
}


def march(day: int, hour: int = 12) -> dt.datetime:
    """An instant of March 2026."""
    return dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC) + dt.timedelta(days=day - 1)


def told(record: Record, updated: int | None = None, delivered: int = 20, **values: Any) -> Version:
    """A version of a record, changed and delivered on days of March."""
    return Version(
        *record,
        precedence=delivered,
        delivered_on=march(delivered).date(),
        updated_at=march(updated) if updated is not None else None,
        values=values,
    )


A, B, C = ("standard", "a"), ("shopify", "b"), ("woocommerce", "c")
SINCE = DAY(2026, 3, 1)


@st.composite
def customers(draw: st.DrawFn) -> tuple[list[Version], list[Customer]]:
    """Customers of one to three records; versions dated, undated, withdrawn, late, repeated."""
    versions: list[Version] = []
    people: list[Customer] = []
    for number in range(draw(st.integers(1, 4))):
        person: Customer = {}
        for part in range(draw(st.integers(1, 3))):
            record = (draw(st.sampled_from(sorted(TRUST))), f"{number}-{part}")
            person[record] = draw(st.sampled_from([DAY(2026, 2, 25), DAY(2026, 3, 4), AS_OF]))
            for _ in range(draw(st.integers(0, 4))):
                named = draw(st.lists(st.sampled_from(sorted(TOLD)), max_size=8, unique=True))
                changed = draw(st.none() | st.integers(0, 12) | st.just(40))
                version = told(
                    record,
                    changed,
                    draw(st.integers(1, 14) | st.just(40)),
                    **{name: draw(st.sampled_from(TOLD[name])) for name in named},
                )
                versions.append(replace(version, is_deleted=draw(st.integers(0, 5)) == 0))
        people.append(person)
    # Deliveries have an order within their system; files numbered by their source have any.
    places = draw(st.permutations(range(len(versions))))
    return [replace(v, precedence=p) for v, p in zip(versions, places, strict=True)], people


def held_by_the_data_tests(warehouse: Warehouse, *models: str) -> None:
    """Every data test of the models holds, but those that need orders."""
    for model in models:
        for test in warehouse.project.tests_of(model):
            if "relationships" not in test:
                assert warehouse.failures(test) == 0, test


def on_days(rows: Sequence[dict[str, Any]]) -> dict[tuple[int, dt.date], dict[str, Any]]:
    """Rows with intervals, taken apart into days up to the as-of date; no day has two."""
    days: dict[tuple[int, dt.date], dict[str, Any]] = {}
    for row in rows:
        day = row["valid_from"]
        while day < (row["valid_to"] or AS_OF + ONE_DAY):
            assert (row["customer_key"], day) not in days
            days[row["customer_key"], day] = row
            day += ONE_DAY
    return days


def published(golden: Golden) -> tuple[Any, ...]:
    """What a day's golden record shows of itself."""
    values = golden.values
    born = values.get("birth_date")
    shown = [values.get(name) for name in SAME]
    shown[0] = shown[0] or "unknown"
    return (*shown, born.year if born else None, golden.is_inferred)


@given(company=customers())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_day_of_the_history_is_as_it_is_found_by_itself(
    project: Project, company: tuple[list[Version], list[Customer]]
) -> None:
    versions, people = company
    warehouse = warehouse_of(project, versions, people, TRUST)
    inner = on_days(rows_of(warehouse, "customer_versions"))
    rows = [row for row in rows_of(warehouse, "dim_customers_history") if row["customer_key"] > 0]
    outer = on_days(rows)
    expected = {
        (record_key(next(iter(person))), day): golden
        for person in people
        for day, golden in golden_days(versions, person, AS_OF, TRUST).items()
    }
    assert outer.keys() == expected.keys()
    for place, golden in expected.items():
        found = tuple(outer[place][name] for name in (*SAME, "birth_year", "is_inferred"))
        assert found == published(golden)
        assert [inner[place][name] for name in OF_PERSONS] == [
            golden.values.get(name) for name in OF_PERSONS
        ]
    for row in rows:
        before = outer.get((row["customer_key"], row["valid_from"] - ONE_DAY))
        unlike = {name for name in row if before and row[name] != before[name]}
        assert not before or unlike - {"valid_from", "valid_to", "is_current"}
    held_by_the_data_tests(
        warehouse, "customer_record_versions", "customer_versions", "dim_customers_history"
    )


@given(data=st.data())
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_dated_versions_make_one_history_in_whatever_order_they_are_delivered(
    project: Project, data: st.DataObject
) -> None:
    versions, people = data.draw(customers())
    once = {(v.record, v.updated_at): v for v in versions if v.updated_at}
    dated = list(once.values())
    late = data.draw(st.permutations(range(len(dated))))
    arrived = [
        replace(dated[i], precedence=place, delivered_on=march(place + 1).date())
        for place, i in enumerate(late)
    ]
    in_order = sorted(dated, key=lambda v: (v.updated_at, v.record))
    histories = [
        rows_of(warehouse_of(project, each, people, TRUST), "dim_customers_history")
        for each in (in_order, arrived)
    ]
    assert histories[0] == histories[1]


def test_undated_files_numbered_by_their_source_make_one_history_in_whatever_order_they_arrive(
    project: Project,
) -> None:
    states = [
        replace(told(A, None, 10, city=city), precedence=number)
        for number, city in enumerate(["Leeds", "York", "York", "Bath"])
    ]
    found = [
        rows_of(warehouse_of(project, each, [{A: SINCE}]), "dim_customers_history")
        for each in (states, states[::-1], states[2:] + states[:2])
    ]
    assert found[0] == found[1] == found[2]
    assert [row["city"] for row in found[0] if row["customer_key"] > 0] == ["Leeds", "Bath"]


def intervals(warehouse: Warehouse, *columns: str) -> list[tuple[Any, ...]]:
    """First days as days of the month, and columns, of every customer's history."""
    return [
        (row["valid_from"].day, *(row[column] for column in columns))
        for row in rows_of(warehouse, "dim_customers_history", "customer_key, valid_from")
        if row["customer_key"] > 0
    ]


def test_the_first_version_holds_from_the_beginning_and_later_ones_from_their_day(
    project: Project,
) -> None:
    versions = [told(A, 12, city="York"), told(A, 9, city="Leeds"), told(A, 40, city="Bath")]
    warehouse = warehouse_of(project, versions, [{A: SINCE}])
    assert intervals(warehouse, "city", "valid_to", "is_current") == [
        (1, "Leeds", DAY(2026, 3, 12), False),
        (12, "York", None, True),
    ]


def test_of_several_versions_of_one_day_the_last_one_counts(project: Project) -> None:
    later = replace(told(A, 9, city="York"), updated_at=march(9, 18))
    versions = [told(A, 3, city="Leeds"), later, told(A, 9, city="Bath")]
    assert intervals(warehouse_of(project, versions, [{A: SINCE}]), "city") == [
        (1, "Leeds"),
        (9, "York"),
    ]


def test_a_version_that_is_only_delivered_again_makes_no_interval(project: Project) -> None:
    versions = [told(A, None, day, city="Leeds") for day in (5, 6, 7)]
    warehouse = warehouse_of(project, versions, [{A: SINCE}])
    assert intervals(warehouse, "city") == [(1, "Leeds")]
    (kept,) = rows_of(warehouse, "customer_record_versions")
    assert (kept["version_number"], kept["load_id"]) == (1, 1)


def test_an_undated_version_delivered_after_the_as_of_date_is_known_on_it(
    project: Project,
) -> None:
    versions = [told(A, None, 5, city="Leeds"), told(A, None, 45, city="York")]
    assert intervals(warehouse_of(project, versions, [{A: SINCE}]), "city") == [
        (1, "Leeds"),
        (31, "York"),
    ]


def test_a_withdrawn_record_says_nothing_until_it_comes_back(project: Project) -> None:
    gone = replace(told(A, 10, city="Leeds"), is_deleted=True)
    versions = [told(A, 5, city="Leeds"), gone, told(A, 14, city="York")]
    alone = warehouse_of(project, versions, [{A: SINCE}])
    assert intervals(alone, "city", "customer_type", "is_inferred") == [
        (1, "Leeds", "unknown", False),
        (10, None, "unknown", True),
        (14, "York", "unknown", False),
    ]
    both = warehouse_of(project, [*versions, told(B, 4, city="Bath")], [{A: SINCE, B: SINCE}])
    assert intervals(both, "city", "is_inferred") == [
        (1, "Leeds", False),
        (10, "Bath", False),
        (14, "York", False),
    ]


def test_a_customer_is_told_from_the_first_day_of_the_earliest_of_its_records(
    project: Project,
) -> None:
    people = [{A: DAY(2026, 3, 8), B: DAY(2026, 3, 2)}]
    warehouse = warehouse_of(project, [told(A, 3, city="Leeds")], people)
    assert intervals(warehouse, "city", "is_inferred") == [(2, None, True), (8, "Leeds", False)]


def test_whoever_is_first_heard_of_after_the_as_of_date_has_no_history(project: Project) -> None:
    later = AS_OF + ONE_DAY
    people = [{A: later}, {B: later, C: later}, {("standard", "d"): AS_OF}]
    warehouse = warehouse_of(project, [told(A, 3), told(B, 3)], people)
    assert intervals(warehouse, "is_inferred") == [(31, True)]


def test_days_to_come_are_not_told(project: Project) -> None:
    later = AS_OF + ONE_DAY
    versions = [told(A, 3, registered_on=later, last_verified_on=AS_OF)]
    warehouse = warehouse_of(project, versions, [{A: SINCE}])
    assert intervals(warehouse, "registered_on", "last_verified_on") == [(1, None, AS_OF)]


def test_sales_without_a_customer_have_one_row_for_all_time(project: Project) -> None:
    warehouse = warehouse_of(project, [told(A, 3)], [{A: SINCE}])
    (row,) = (row for row in rows_of(warehouse, "dim_customers_history") if row["customer_key"] < 0)
    assert (row["customer_type"], row["valid_from"], row["valid_to"], row["is_inferred"]) == (
        "unattributed",
        DAY(1900, 1, 1),
        None,
        True,
    )


def test_upper_organisations_are_named_by_the_customer_that_they_are(project: Project) -> None:
    parent, twin, child = ("standard", "p"), ("shopify", "p"), ("standard", "k")
    people = [{twin: SINCE, parent: SINCE}, {child: SINCE, C: SINCE}]
    versions = [
        told(child, 5, parent_customer_id="p", organisation_id="nobody", contact_role="buyer"),
        told(C, 3, employees=4),
    ]
    warehouse = warehouse_of(project, versions, people)
    rows = rows_of(warehouse, "dim_customers_history", "valid_from")
    (found,) = (row for row in rows if row["contact_role"] and row["is_current"])
    assert found["parent_customer_key"] == record_key(twin)
    assert found["organisation_key"] is None


HISTORY = "customer_key, valid_from, valid_to, is_current"
OPEN, CLOSED = "null::date, true", "date '2026-01-05', false"
FOLLOWING: list[tuple[str, int]] = [
    (f"(1, date '2026-01-01', {CLOSED}), (1, date '2026-01-05', {OPEN})", 0),
    (f"(1, date '2026-01-01', {CLOSED}), (2, date '2026-01-05', {OPEN})", 1),
    (f"(1, date '2026-01-01', {CLOSED}), (1, date '2026-01-06', {OPEN})", 1),
    (f"(1, date '2026-01-01', {CLOSED}), (1, date '2026-01-04', {OPEN})", 1),
    (f"(1, date '2026-01-05', {CLOSED}), (1, date '2026-01-05', {OPEN})", 1),
    (f"(1, date '2026-01-01', {OPEN}), (1, date '2026-01-05', {OPEN})", 1),
    ("(1, date '2026-01-01', null::date, false)", 1),
    ("(1, date '2026-01-01', date '2026-01-05', true)", 1),
    (f"(1, null::date, {OPEN})", 1),
]


@pytest.mark.parametrize(("rows", "faults"), FOLLOWING)
def test_intervals_that_do_not_follow_each_other_are_found(
    project: Project, rows: str, faults: int
) -> None:
    given_rows = f"select * from (values {rows}) as t({HISTORY})"
    warehouse = Warehouse(project, {"dim_customers_history": given_rows})
    (test,) = (
        name for name in project.tests_of("dim_customers_history") if name.startswith("intervals")
    )
    assert warehouse.failures(test) == faults


def test_what_is_landed_late_withdrawn_or_doubled_ends_in_the_history(landed: Landed) -> None:
    def row(updated: str, **more: str) -> dict[str, str]:
        return {"registered_on": "2026-01-01", "updated_at": updated, **more}

    twins = [row("2026-01-10", city="York")] * 2
    landed.deliver(*twins, feed="customers")
    landed.deliver(row("2026-01-05", city="Leeds"), feed="customers")
    landed.deliver(row("2026-01-12", is_deleted="true"), feed="customers")
    landed.deliver(row("2026-01-15", city="Bath"), feed="customers")
    landed.deliver({"updated_at": "no day", "city": "Hull"}, feed="customers")
    warehouse = landed.warehouse(as_of=DAY(2026, 1, 20))
    assert intervals(warehouse, "city", "is_inferred") == [
        (1, "Leeds", False),
        (10, "York", False),
        (12, None, True),
        (15, "Bath", False),
    ]
    earlier = landed.warehouse(as_of=DAY(2026, 1, 11))
    assert intervals(earlier, "city", "is_inferred") == [(1, "Leeds", False), (10, "York", False)]
    before = landed.warehouse(as_of=DAY(2026, 1, 20), known_at=1)
    assert intervals(before, "city", "is_inferred") == [(1, "York", False)]
