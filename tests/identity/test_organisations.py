"""What is above and below organisations, who acts for them, and what they buy together."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from harness import Project
from records_by_hand import faults_after, found, record, warehouse

D = Decimal
PLACE = ("customer_key", "ultimate_parent_key", "group_key", "depth", "parent_status", "cycle_key")


def organisation(
    number: int, parent: int | None = None, customer: int | None = None, **says: Any
) -> dict[str, Any]:
    above = {} if parent is None else {"parent_customer_id": f"c{parent}"}
    return record(number, customer, **{"customer_type": "organisation", **above, **says})


def person(number: int, organisation: int, role: str | None = None, **says: Any) -> dict[str, Any]:
    acts = {"organisation_id": f"c{organisation}", "contact_role": role}
    return record(number, **{"customer_type": "person", **acts, **says})


def line(customer: int, order: str, amount: str | None, **says: Any) -> dict[str, Any]:
    return {
        "customer_key": customer,
        "system": "a",
        "order_id": order,
        "net_amount_reporting": amount,
        "is_return": False,
        "is_merchandise": True,
        **says,
    }


def places(project: Project, *records: dict[str, Any]) -> list[tuple[Any, ...]]:
    return found(warehouse(project, records), "customer_hierarchy", *PLACE)


def test_everything_stands_at_its_level_below_the_ultimate_parent(project: Project) -> None:
    assert places(
        project, organisation(1), organisation(2, 1), organisation(3, 2), organisation(4)
    ) == [
        (1, 1, 1, 0, "none", None),
        (2, 1, 1, 1, "followed", None),
        (3, 1, 1, 2, "followed", None),
        (4, 4, 4, 0, "none", None),
    ]


def test_a_cycle_of_three_is_reported_and_not_followed_and_what_hangs_below_counts_under_it(
    project: Project,
) -> None:
    assert places(
        project,
        organisation(1, 3),
        organisation(2, 1),
        organisation(3, 2),
        organisation(4, 2),
        organisation(5, 4),
        organisation(6),
    ) == [
        (1, None, 1, None, "in_cycle", 1),
        (2, None, 2, None, "in_cycle", 1),
        (3, None, 3, None, "in_cycle", 1),
        (4, None, 2, None, "followed", 1),
        (5, None, 2, None, "followed", 1),
        (6, 6, 6, 0, "none", None),
    ]


def test_each_cycle_has_its_name(project: Project) -> None:
    rows = places(
        project, organisation(1, 2), organisation(2, 1), organisation(3, 4), organisation(4, 3)
    )
    assert [(row[0], row[-1]) for row in rows] == [(1, 1), (2, 1), (3, 3), (4, 3)]


def test_who_names_itself_as_parent_stands_at_the_top(project: Project) -> None:
    assert places(project, organisation(1, 1), organisation(2, 1)) == [
        (1, 1, 1, 0, "itself", None),
        (2, 1, 1, 1, "followed", None),
    ]


def test_a_parent_that_is_named_nowhere_else_is_unknown(project: Project) -> None:
    assert places(project, organisation(1, 99), organisation(2, 1)) == [
        (1, 1, 1, 0, "unknown", None),
        (2, 1, 1, 1, "followed", None),
    ]


def test_a_parent_that_is_a_person_is_not_followed(project: Project) -> None:
    rows = places(project, organisation(1, 2), record(2, customer_type="person"))
    assert rows == [(1, 1, 1, 0, "person", None)]


def test_a_merge_of_an_organisation_with_its_parent_is_one_that_names_itself(
    project: Project,
) -> None:
    assert places(project, organisation(1), organisation(2, 1, customer=1), organisation(3, 2)) == [
        (1, 1, 1, 0, "itself", None),
        (3, 1, 1, 1, "followed", None),
    ]


def test_a_merge_of_an_organisation_with_one_below_it_makes_a_cycle_that_is_reported(
    project: Project,
) -> None:
    apart = [organisation(1), organisation(2, 1), organisation(3, 2)]
    assert [row[4] for row in places(project, *apart)] == ["none", "followed", "followed"]
    assert places(project, organisation(3, 2, customer=1), apart[0], apart[1]) == [
        (1, None, 1, None, "in_cycle", 1),
        (2, None, 2, None, "in_cycle", 1),
    ]


def test_what_is_deeper_than_twenty_levels_is_reported_and_stands_alone(project: Project) -> None:
    chain = [organisation(1), *(organisation(n, n - 1) for n in range(2, 23))]
    rows = places(project, *chain)
    assert rows[19] == (20, 1, 1, 19, "followed", None)
    assert rows[20:] == [
        (21, None, 21, None, "too_deep", None),
        (22, None, 22, None, "too_deep", None),
    ]


def test_a_record_without_a_type_is_an_organisation_where_it_is_treated_as_one(
    project: Project,
) -> None:
    untyped = {"customer_type": "unknown"}
    rows = places(
        project,
        organisation(1, 2),
        record(2, **untyped),
        organisation(3, 1, **untyped),
        record(4, **untyped),
        person(5, 4),
        record(6, **untyped),
    )
    assert [(row[0], row[1]) for row in rows] == [(1, 2), (2, 2), (3, 2), (4, 4)]


def test_a_person_has_a_row_for_each_organisation_and_role_of_any_record(
    project: Project,
) -> None:
    records = [
        organisation(1),
        organisation(2),
        person(3, 1, "buyer"),
        person(4, 1, "payer", customer_key=3),
        person(5, 2, None, customer_key=3, system="a"),
        person(6, 1, "buyer", customer_key=3),
        person(7, 99, "user"),
        person(8, 3, "user"),
        person(9, 1, "user", is_current=False),
        person(10, 1, "user", is_withdrawn=True),
        organisation(11, organisation_id="c1"),
    ]
    columns = ("organisation_key", "customer_key", "contact_role", "records", "is_primary")
    assert found(warehouse(project, records), "account_contacts", *columns) == [
        (1, 3, "buyer", 2, True),
        (1, 3, "payer", 1, True),
        (2, 3, "unknown", 1, False),
    ]


def test_an_organisation_that_is_first_heard_of_after_the_as_of_date_has_no_contacts_yet(
    project: Project,
) -> None:
    later = dt.date(2026, 1, 21)
    records = [organisation(1), organisation(2, customer=1, first_seen_on=later), person(3, 2)]
    assert found(warehouse(project, records), "account_contacts", "customer_key") == []


COMPANY = [
    organisation(1, first_order_on=dt.date(2025, 3, 1), last_order_on=dt.date(2025, 4, 1)),
    organisation(2, 1, first_order_on=dt.date(2025, 2, 1), last_order_on=dt.date(2025, 2, 1)),
    organisation(3, 2),
    organisation(4),
    organisation(5, 6),
    organisation(6, 5),
    person(7, 2, "buyer"),
    person(8, 3, "user"),
    person(9, 4, "payer", customer_key=8),
]
SALES = [
    line(1, "o1", "10.00"),
    line(1, "o1", "5.50"),
    line(1, "o2", None),
    line(1, "o3", "-2.00", is_return=True),
    line(2, "o4", "7.00"),
    line(2, "o4", "3.00", is_merchandise=False),
    line(5, "o5", "1.00"),
    line(4, "o6", None),
    line(7, "o7", "20.00"),
    line(8, "o8", "40.00"),
    line(-1, "o9", "1000.00"),
]


def rollups(project: Project, *columns: str) -> list[tuple[Any, ...]]:
    return found(warehouse(project, COMPANY, SALES), "organisation_rollups", *columns)


def test_an_organisation_has_its_own_figures_and_those_with_all_below_it(project: Project) -> None:
    assert rollups(
        project,
        "customer_key",
        "own_orders",
        "own_lines",
        "own_lines_with_rate",
        "own_net_amount_reporting",
        "total_organisations",
        "total_orders",
        "total_net_amount_reporting",
        "is_top",
    ) == [
        (1, 2, 4, 3, D("13.50"), 3, 3, D("20.50"), True),
        (2, 1, 1, 1, D(7), 2, 1, D(7), False),
        (3, 0, 0, 0, D(0), 1, 0, D(0), False),
        (4, 1, 1, 0, None, 1, 1, None, True),
        (5, 1, 1, 1, D(1), 1, 1, D(1), True),
        (6, 0, 0, 0, D(0), 1, 0, D(0), True),
    ]


def test_what_contact_persons_buy_is_shown_apart_and_at_one_organisation_only(
    project: Project,
) -> None:
    assert rollups(
        project,
        "customer_key",
        "own_contacts",
        "own_contact_orders",
        "own_contact_net_amount_reporting",
        "total_contacts",
        "total_contact_net_amount_reporting",
    )[:4] == [
        (1, 0, 0, D(0), 2, D(60)),
        (2, 1, 1, D(20), 2, D(60)),
        (3, 1, 1, D(40), 1, D(40)),
        (4, 1, 0, D(0), 1, D(0)),
    ]


def test_first_and_last_days_are_those_of_the_whole_group(project: Project) -> None:
    day = dt.date
    columns = ("customer_key", "own_first_order_on", "total_first_order_on", "total_last_order_on")
    assert rollups(project, *columns)[:3] == [
        (1, day(2025, 3, 1), day(2025, 2, 1), day(2025, 4, 1)),
        (2, day(2025, 2, 1), day(2025, 2, 1), day(2025, 2, 1)),
        (3, None, None, None),
    ]


def test_without_customers_the_tables_are_empty_and_typed(project: Project) -> None:
    empty = warehouse(project, [])
    for model in ("account_contacts", "customer_hierarchy", "organisation_rollups"):
        assert found(empty, model, "*") == []
        kinds = empty.con.execute(f"describe {project.node(model).relation}").fetchall()
        assert '"NULL"' not in {kind for _, kind, *_ in kinds}


@pytest.mark.parametrize(
    "fault",
    [
        "group_key = 2 where customer_key = 3",
        "group_key = 3 where customer_key = 3",
        "group_key = 4 where customer_key in (2, 3)",
        "parent_status = 'none' where customer_key = 2",
        "depth = 3 where customer_key = 3",
        "depth = null where customer_key = 4",
        "ultimate_parent_key = 1, depth = 0 where customer_key = 4",
        "ultimate_parent_key = 5, depth = 0 where customer_key = 5",
        "cycle_key = null where customer_key = 5",
        "is_in_cycle = false, is_below_cycle = true where customer_key = 5",
    ],
)
def test_a_hierarchy_that_does_not_hold_together_is_found(project: Project, fault: str) -> None:
    company = warehouse(project, COMPANY)
    change = "update {} set " + fault
    assert faults_after(company, "customer_hierarchy", "hierarchy_holds_together", change) > 0


@pytest.mark.parametrize(
    "fault",
    [
        "update {} set total_orders = total_orders + 1 where customer_key = 1",
        "update {} set own_net_amount_reporting = 8 where customer_key = 2",
        "update {} set is_top = true where customer_key = 2",
        "delete from {} where customer_key = 3",
    ],
)
def test_tops_that_do_not_make_the_whole_are_found(project: Project, fault: str) -> None:
    company = warehouse(project, COMPANY, SALES)
    assert faults_after(company, "organisation_rollups", "tops_make_the_whole", fault) == 1
