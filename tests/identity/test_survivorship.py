"""Which value of a customer's records survives and where it comes from; a customer's status."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from customers_by_hand import AS_OF, record_key, warehouse_of
from golden_by_hand import Record, Version, rules
from harness import Project, Warehouse
from landed import Landed, rows_of

from crm.contracts import load_feeds
from crm.settings import PROJECT_ROOT

A, B, C = ("standard", "a"), ("shopify", "b"), ("woocommerce", "c")
SINCE = dt.date(2026, 3, 1)
TRUST = {"standard": 50, "shopify": 50, "woocommerce": 90}
Sources = dict[str, tuple[Record, str]]


def said(record: Record, updated: int | None, delivered: int = 20, **values: Any) -> Version:
    """A version of a record, changed and delivered on days of March 2026."""
    return Version(
        *record,
        precedence=delivered,
        delivered_on=dt.date(2026, 3, delivered),
        updated_at=dt.datetime(2026, 3, updated, 12, tzinfo=dt.UTC) if updated else None,
        values=values,
    )


def merged(
    project: Project, *versions: Version, trust: Mapping[str, int] = TRUST
) -> tuple[dict[str, Any], Sources]:
    """The current golden record of one customer of all these records, and each value's source."""
    records = dict.fromkeys(sorted({version.record for version in versions}), SINCE)
    warehouse = warehouse_of(project, versions, [records], trust)
    (current,) = (row for row in rows_of(warehouse, "customer_versions") if row["is_current"])
    sources = {
        row["attribute"]: ((row["system"], row["customer_id"]), row["rule"])
        for row in rows_of(warehouse, "customer_attribute_sources")
    }
    return current, sources


def test_the_most_trusted_system_wins_over_a_later_change(project: Project) -> None:
    current, sources = merged(
        project, said(C, 2, occupation="nurse"), said(A, 9, occupation="cook")
    )
    assert current["occupation"] == "nurse"
    assert sources == {"occupation": (C, "most_trusted")}


def test_of_equally_trusted_systems_the_latest_change_wins(project: Project) -> None:
    current, sources = merged(
        project, said(B, 2, occupation="nurse"), said(A, 9, occupation="cook")
    )
    assert current["occupation"] == "cook"
    assert sources == {"occupation": (A, "most_recent")}


def test_a_dated_change_wins_over_whatever_has_no_date(project: Project) -> None:
    versions = said(B, 2, 3, occupation="nurse"), said(A, None, 20, occupation="cook")
    current, sources = merged(project, *versions)
    assert current["occupation"] == "nurse"
    assert sources == {"occupation": (B, "most_recent")}


def test_of_undated_records_the_one_delivered_last_wins(project: Project) -> None:
    twin = ("standard", "z")
    cases = [
        (said(A, None, 20, city="York"), said(B, None, 19, city="Hull"), "York"),
        (said(A, None, 19, city="York"), said(B, None, 20, city="Hull"), "Hull"),
        (said(A, None, city="York"), replace(said(twin, None, city="Hull"), precedence=21), "Hull"),
    ]
    for one, other, city in cases:
        current, sources = merged(project, one, other)
        assert current["city"] == city
        assert sources["city"][1] == "last_delivered"


def test_where_nothing_tells_the_names_decide(project: Project) -> None:
    for updated in (7, None):
        current, sources = merged(
            project, said(A, updated, city="York"), said(B, updated, city="Ox")
        )
        assert current["city"] == "Ox"
        assert sources == {"city": (B, "first_by_name")}


def test_a_value_that_only_one_record_has_survives_whoever_tells_it(project: Project) -> None:
    current, sources = merged(
        project, said(C, 9, occupation="nurse"), said(A, 2, gender="female", birth_date=SINCE)
    )
    assert (current["occupation"], current["gender"]) == ("nurse", "female")
    assert sources == {
        "occupation": (C, "only_value"),
        "gender": (A, "only_value"),
        "birth_date": (A, "only_value"),
    }


def test_the_parts_of_a_name_and_of_an_address_come_from_one_record(project: Project) -> None:
    current, sources = merged(
        project,
        said(C, 2, full_name="Ann Lee", city="York", country="GB"),
        said(A, 9, full_name="Anne Smith", family_name="Smith", postal_code="75001", city="Paris"),
    )
    assert (current["full_name"], current["family_name"]) == ("Ann Lee", None)
    assert (current["city"], current["country"], current["postal_code"]) == ("York", "GB", None)
    assert set(sources) == {"full_name", "city", "country"}
    assert set(sources.values()) == {(C, "most_trusted")}


def test_a_refusal_wins_over_consent_and_consent_over_silence(project: Project) -> None:
    current, sources = merged(
        project,
        said(C, 9, has_email_consent=True, has_sms_consent=True, has_phone_consent=True),
        said(A, 2, has_email_consent=False, has_sms_consent=True),
    )
    consents = [current[f"has_{way}_consent"] for way in ("email", "sms", "phone", "post")]
    assert consents == [False, True, True, None]
    assert sources == {
        "has_email_consent": (A, "refusal"),
        "has_sms_consent": (C, "no_refusal"),
        "has_phone_consent": (C, "only_value"),
    }


def test_a_customer_is_known_since_the_earliest_and_verified_on_the_latest_day(
    project: Project,
) -> None:
    days = [dt.date(2025, 1, day) for day in (10, 9)]
    current, sources = merged(
        project,
        said(C, 9, registered_on=days[0], last_verified_on=days[1]),
        said(A, 2, registered_on=days[1], last_verified_on=days[0]),
    )
    assert (current["registered_on"], current["last_verified_on"]) == (days[1], days[0])
    assert sources == {"registered_on": (A, "earliest"), "last_verified_on": (A, "latest")}


def test_values_of_every_type_survive_a_merge_as_they_were_told(project: Project) -> None:
    everything = {
        "string": " O'Neil | 张 ",
        "date": dt.date(1984, 2, 29),
        "bigint": 9_007_199_254_740_993,
        "boolean": True,
        "decimal(18,4)": Decimal("12345678901234.5670"),
    }
    columns = {
        column.name: everything[column.data_type]
        for column in load_feeds()["customers"].columns
        if column.name in rules()
    }
    ids = {"parent_customer_id": "parent_record_key", "organisation_id": "organisation_record_key"}
    current, sources = merged(project, said(A, 2, **columns), said(B, 9))
    assert set(sources) == set(rules())
    expected = {
        ids.get(name, name): record_key(("standard", value)) if name in ids else value
        for name, value in columns.items()
    }
    assert {name: current[name] for name in expected} == expected


def test_a_customers_only_record_is_the_source_of_all_its_values(project: Project) -> None:
    versions = [said(A, 2, city="York"), said(A, 3, city="Hull"), said(B, 2, city="Bath")]
    gone = replace(said(B, 9), is_deleted=True)
    people = [{A: SINCE}, {B: SINCE}, {C: SINCE}]
    warehouse = warehouse_of(project, [*versions, gone], people)
    found = rows_of(warehouse, "customer_attribute_sources")
    assert [(row["attribute"], row["load_id"], row["rule"]) for row in found] == [
        ("all", 2, "only_record")
    ]


def test_every_published_value_stands_in_the_row_that_is_named_as_its_source(
    project: Project,
) -> None:
    versions = [
        said(A, 2, city="York", credit_days=9, language="en"),
        said(A, 8, city="Hull", credit_days=8, language="fr", has_sms_consent=True),
        said(B, 5, country="GB", credit_days=10, has_sms_consent=False),
        said(C, 1, language="zh", registered_on=SINCE),
    ]
    warehouse = warehouse_of(project, versions, [{A: SINCE, B: SINCE, C: SINCE}], TRUST)
    (current,) = (row for row in rows_of(warehouse, "customer_versions") if row["is_current"])
    named = rows_of(warehouse, "customer_attribute_sources")
    for row in named:
        source = versions[row["load_id"] - 1]
        assert source.record == (row["system"], row["customer_id"])
        assert source.values[row["attribute"]] == current[row["attribute"]]
    filled = {name for name in rules() if current.get(name) is not None}
    assert {row["attribute"] for row in named} == filled


def test_every_column_of_a_customer_record_has_its_rule(project: Project) -> None:
    beside = {"customer_id", "updated_at", "is_deleted"}
    told = {column.name for column in load_feeds()["customers"].columns}
    assert set(rules()) == told - beside
    assert Warehouse(project).failures(survive_alike(project)) == 0


def survive_alike(project: Project) -> str:
    """The data test that attributes of one group have one rule."""
    names = project.tests_of("customer_attributes")
    return next(name for name in names if name.startswith("attributes_survive_alike"))


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ("('x', 'x', 'trusted_then_recent'), ('y', 'x', 'trusted_then_recent')", 0),
        ("('x', 'x', 'earliest'), ('y', 'y', 'latest')", 0),
        ("('x', 'x', 'trusted_then_recent'), ('y', 'x', 'earliest')", 1),
        ("('x', 'x', 'earliest'), ('y', 'x', 'earliest')", 1),
    ],
)
def test_attributes_that_survive_together_by_different_rules_are_found(
    project: Project, rows: str, faults: int
) -> None:
    columns = "attribute, survives_with, survivorship_rule"
    given = {"customer_attributes": f"select * from (values {rows}) as t({columns})"}
    assert Warehouse(project, given).failures(survive_alike(project)) == faults


def test_another_rule_in_the_seed_is_another_survivor(project: Project) -> None:
    seed = PROJECT_ROOT / "seeds" / "identity" / "customer_attributes.csv"
    assert next(csv.reader(seed.open(encoding="utf-8")))[:3] == [
        "attribute",
        "survives_with",
        "survivorship_rule",
    ]
    rule = (
        f"select attribute, survives_with, case when attribute = 'credit_days' then 'earliest' "
        f"else survivorship_rule end as survivorship_rule from read_csv('{seed}')"
    )
    versions = [said(C, 9, credit_days=30), said(A, 2, credit_days=10)]
    for given, days in (({}, 30), ({"customer_attributes": rule}, 10)):
        warehouse = warehouse_of(project, versions, [{A: SINCE, C: SINCE}], TRUST, **given)
        (current,) = (row for row in rows_of(warehouse, "customer_versions") if row["is_current"])
        assert current["credit_days"] == days


def test_what_identifies_a_person_survives_in_private_with_the_cleaned_value_of_its_record(
    project: Project,
) -> None:
    versions = [
        said(C, 2, full_name="DR ANN LEE", phone="01632 960001"),
        said(A, 9, full_name="A. Lee", email="A@X.org"),
        said(B, 9, full_name="BOB RAY", email="B@X.org"),
    ]
    people = [{A: SINCE, C: SINCE}, {B: SINCE}, {("standard", "nobody"): SINCE}]
    cleaned = _table(
        "record_key, clean_full_name, clean_email, phone_e164, mobile_e164",
        [
            f"({record_key(record)}, '{record[1]} name', '{record[1]}@x', '+{record[1]}', null)"
            for record in (A, B, C)
        ],
    )
    warehouse = warehouse_of(project, versions, people, TRUST, customer_records=cleaned)
    columns = ("full_name", "clean_full_name", "email", "clean_email", "phone", "phone_e164")
    found = {
        row["customer_key"]: tuple(row[column] for column in columns)
        for row in rows_of(warehouse, "customer_identifiers")
    }
    assert found == {
        record_key(A): ("DR ANN LEE", "c name", "A@X.org", "a@x", "01632 960001", "+c"),
        record_key(B): ("BOB RAY", "b name", "B@X.org", "b@x", None, "+b"),
    }


LINES = "customer_key, ordered_on, ordered_at, customer_country, is_merchandise, is_return"
DAYS = "customer_key, ordered_on, is_occasion"
LEADS = "customer_key, system, lead_id, created_on, stage_changed_on, lead_stage, lost_reason"
Days = list[int]


def ago(days: int) -> str:
    """A day before the as-of date as SQL has it."""
    return f"date '{AS_OF - dt.timedelta(days=days)}'"


def customer(project: Project, orders: Days, leads: list[str], **values: Any) -> dict[str, Any]:
    """The row of a customer of two records that ordered and was courted so many days ago."""
    key = record_key(A)
    lines = [f"({key}, {ago(n)}, {ago(n)}, 'FR', true, false)" for n in orders]
    days = [f"({key}, {ago(n)}, true)" for n in orders]
    none = "(-1, date '2026-01-01', date '2026-01-01', 'FR', true, false)"
    order_lines = f"select * from (values {', '.join([none, *lines])}) as t({LINES})"
    courted = [f"({key}, 'standard', {lead})" for lead in leads]
    warehouse = warehouse_of(
        project,
        [said(A, 2, **values), said(B, 3)],
        [{A: SINCE, B: SINCE}],
        fct_order_lines=order_lines,
        int_order_lines__valued=order_lines,
        customer_days=_table(DAYS, days, f"(0, {ago(0)}, true)"),
        fct_leads=_table(
            LEADS, courted, f"(0, 'x', 'x', {ago(0)}, {ago(0)}, 'new', cast(null as varchar))"
        ),
    )
    rows = rows_of(warehouse, "dim_customers", "customer_key")
    assert [row["customer_key"] for row in rows] == [-1, key]
    assert (rows[0]["customer_status"], rows[0]["records"]) == ("unattributed", 0)
    return rows[1]


def _table(columns: str, rows: list[str], example: str | None = None) -> str:
    """Rows as a query; the example gives their types and is not among them."""
    values = ", ".join([example, *rows] if example else rows)
    only = f" where {columns.partition(',')[0]} <> 0" if example else ""
    return f"select * from (values {values}) as t({columns}){only}"


def lead(name: str, created: int, moved: int | None, stage: str, reason: str | None = None) -> str:
    """A lead by its id, the days ago that it was made and moved, its stage and why it was lost."""
    return (
        f"'{name}', {ago(created)}, {ago(moved) if moved is not None else 'null'}, '{stage}', "
        f"{repr(reason) if reason else 'null'}"
    )


@pytest.mark.parametrize(
    ("orders", "leads", "status"),
    [
        ([], [], "prospect"),
        ([], [lead("l", 5, 4, "negotiation")], "prospect"),
        ([0], [], "new"),
        ([89, 1], [], "new"),
        ([90, 1], [], "current"),
        ([400, 364], [], "current"),
        ([400, 365], [], "former"),
        ([], [lead("l", 5, 4, "refused")], "refusing"),
        ([], [lead("l", 5, None, "refused")], "refusing"),
        ([], [lead("l", 5, 4, "lost", "too dear")], "refusing"),
        ([], [lead("l", 5, 4, "lost")], "prospect"),
        ([], [lead("l", 9, 8, "refused"), lead("m", 5, 5, "contacted")], "prospect"),
        ([], [lead("m", 5, 5, "refused"), lead("l", 9, 8, "won")], "refusing"),
        ([500], [lead("l", 450, 440, "refused")], "refusing"),
        ([500], [lead("l", 600, 500, "refused")], "refusing"),
        ([500], [lead("l", 600, 501, "refused")], "former"),
        ([200], [lead("l", 5, 4, "refused")], "current"),
    ],
)
def test_a_customer_has_the_status_that_purchases_and_the_newest_lead_say(
    project: Project, orders: Days, leads: list[str], status: str
) -> None:
    assert customer(project, orders, leads)["customer_status"] == status


def test_a_customer_tells_its_records_their_systems_and_its_tenure(project: Project) -> None:
    row = customer(project, [30, 10], [], registered_on=AS_OF - dt.timedelta(days=12))
    assert (row["system"], row["customer_id"]) == A
    assert (row["records"], row["systems"], row["tenure_days"]) == (2, "shopify, standard", 30)
    assert (row["country"], row["country_source"]) == ("FR", "latest_order")
    row = customer(project, [10], [], registered_on=AS_OF - dt.timedelta(days=12), country="GB")
    assert (row["tenure_days"], row["country"], row["country_source"]) == (
        12,
        "GB",
        "customer_record",
    )
    assert customer(project, [], [])["tenure_days"] is None


def test_the_days_of_a_status_are_settings(project: Project) -> None:
    key = record_key(A)
    order_lines = _table(LINES, [], f"({key}, {ago(40)}, {ago(40)}, 'FR', true, false)")
    warehouse = warehouse_of(
        project,
        [said(A, 2)],
        [{A: SINCE}],
        fct_order_lines=order_lines,
        int_order_lines__valued=order_lines,
        customer_days=_table(DAYS, [f"({key}, {ago(40)}, true)"], f"(0, {ago(0)}, true)"),
        int_customers__refusing="select 0 as customer_key, date '2026-01-01' as refused_on",
        core_settings="select 30 as new_customer_days, 35 as active_window_days",
    )
    rows = rows_of(warehouse, "dim_customers", "customer_key")
    assert rows[1]["customer_status"] == "former"


def test_landed_records_orders_and_leads_make_the_customers_status(landed: Landed) -> None:
    landed.deliver({"order_id": "o", "customer_id": "c1", "ordered_at": "2026-01-05 10:00:00"})
    landed.deliver({"customer_id": "c2"}, {"customer_id": "c1"}, feed="customers")
    landed.deliver(
        {"customer_id": "c3", "lead_stage": "refused", "stage_changed_at": "2026-01-06 10:00:00"},
        feed="leads",
    )
    warehouse = landed.warehouse(as_of=dt.date(2026, 1, 20))
    rows = rows_of(warehouse, "dim_customers", "customer_id")
    assert [(row["customer_id"], row["customer_status"]) for row in rows] == [
        ("c1", "new"),
        ("c2", "prospect"),
        ("c3", "refusing"),
        ("unattributed", "unattributed"),
    ]
    for test in landed.project.tests_of("dim_customers"):
        if "dim_customer_classes" not in test:
            assert warehouse.failures(test) == 0, test
