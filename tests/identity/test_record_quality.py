"""Completeness, staleness, what is to be cleaned up, and the classes of customers, by hand."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from harness import Project, Warehouse
from records_by_hand import AS_OF, faults_after, found, query, record, warehouse

ATTRIBUTE = {
    "attribute": "string",
    "half_life_days": "integer",
    "required_for_person": "boolean",
    "required_for_organisation": "boolean",
}
ATTRIBUTES = query(
    [
        dict(zip(ATTRIBUTE, values, strict=True))
        for values in (
            ("full_name", None, True, True),
            ("email", 730, True, True),
            ("phone", 365, True, False),
            ("birth_date", None, True, False),
            ("tax_code", None, False, True),
            ("city", 100, False, False),
            ("gender", None, False, False),
            ("last_verified_on", None, False, False),
        )
    ],
    ATTRIBUTE,
)
WHOLE = {
    "customer_type": "person",
    "full_name": "Ann Lee",
    "email": "ann@example.com",
    "clean_email": "ann@example.com",
    "phone": "020 1",
    "phone_e164": "+44201",
    "birth_date": dt.date(1984, 2, 29),
    "clean_birth_date": dt.date(1984, 2, 29),
}
FIRM = {
    "customer_type": "organisation",
    "full_name": "Ann Ltd",
    "email": "info@example.com",
    "clean_email": "info@example.com",
    "is_role_email": True,
    "tax_code": "GB000",
    "clean_tax_code": "GB000",
}
COMPLETENESS = ("customer_key", "required_fields", "filled_fields", "valid_fields")


def ago(days: int) -> dt.date:
    return AS_OF - dt.timedelta(days=days)


def company(project: Project, *records: dict[str, Any]) -> Warehouse:
    return warehouse(project, records, customer_attributes=ATTRIBUTES)


def outdated(project: Project, *records: dict[str, Any]) -> list[tuple[Any, ...]]:
    columns = ("customer_id", "attribute", "reason")
    return found(company(project, *records), "outdated_customer_values", *columns)


def test_a_type_decides_what_is_required_and_only_valid_values_count(project: Project) -> None:
    records = [
        record(1, **WHOLE),
        record(2, **{**WHOLE, "phone_e164": None, "birth_date": None}),
        record(3, **FIRM),
        record(4, customer_type="person"),
        record(5, full_name="?"),
    ]
    columns = (*COMPLETENESS, "completeness_ratio")
    assert found(company(project, *records), "customer_record_quality", *columns) == [
        (1, 4, 4, 4, 1.0),
        (2, 4, 3, 2, 0.5),
        (3, 3, 3, 3, 1.0),
        (4, 4, 0, 0, 0.0),
        (5, None, None, None, None),
    ]


def test_a_field_that_any_record_of_the_customer_has_is_there(project: Project) -> None:
    records = [
        record(1, customer_type="person", full_name="Ann", phone="x"),
        record(2, 1, phone="020 1", phone_e164="+44201"),
        record(3, 1, **WHOLE, is_withdrawn=True),
        record(4, 1, **{**WHOLE, "is_current": False}),
    ]
    rows = found(company(project, *records), "customer_record_quality", *COMPLETENESS)
    assert rows == [(1, 4, 2, 2)]


def test_a_customer_without_a_record_of_a_known_type_has_nothing_of_what_is_required(
    project: Project,
) -> None:
    records = [record(1, **WHOLE, is_withdrawn=True)]
    rows = found(company(project, *records), "customer_record_quality", *COMPLETENESS)
    assert rows == [(1, 4, 0, 0)]


def test_staleness_is_the_time_since_it_was_verified_in_half_lives(project: Project) -> None:
    records = [
        record(1, customer_type="person", last_verified_on=ago(365)),
        record(2, customer_type="organisation", last_verified_on=ago(365)),
        record(3, customer_type="organisation", last_verified_on=ago(0)),
        record(4, customer_type="person"),
        record(5, last_verified_on=ago(10)),
    ]
    columns = ("customer_key", "days_since_verified", "half_life_days", "staleness_ratio")
    assert found(company(project, *records), "customer_record_quality", *columns) == [
        (1, 365, 730, 0.5),
        (2, 365, 365, 1.0),
        (3, 0, 365, 0.0),
        (4, None, 730, None),
        (5, 10, None, None),
    ]


@pytest.mark.parametrize(
    ("attribute", "says", "reason"),
    [
        ("email", {"email": "x", "clean_email": None}, "no_email_address"),
        ("email", {"is_placeholder_email": True, "clean_email": None}, "placeholder_email"),
        ("email", {"is_role_email": True}, "role_mailbox"),
        ("phone", {"phone_e164": None}, "no_phone_number"),
        ("birth_date", {"clean_birth_date": None}, "placeholder_date"),
        ("tax_code", {"tax_code": "GB1", "clean_tax_code": None}, "wrong_tax_code"),
    ],
)
def test_a_value_that_cannot_be_used_is_listed_with_its_reason(
    project: Project, attribute: str, says: dict[str, Any], reason: str
) -> None:
    valid = {**WHOLE, "tax_code": "GB0", "clean_tax_code": "GB0"}
    assert outdated(project, record(1, **valid)) == []
    assert outdated(project, record(1, **{**valid, **says})) == [("c1", attribute, reason)]


@pytest.mark.parametrize("attribute", ["mobile", "fax", "country"])
def test_attributes_that_the_seed_names_later_are_judged_too(
    project: Project, attribute: str
) -> None:
    row = dict(zip(ATTRIBUTE, (attribute, 30, False, False), strict=True))
    given = {"customer_attributes": query([row], ATTRIBUTE)}
    clean = "country_code" if attribute == "country" else f"{attribute}_e164"
    for value, rows in ((None, 1), ("good", 0)):
        records = [record(1, **{attribute: "as delivered", clean: value})]
        listed = found(warehouse(project, records, **given), "outdated_customer_values", "reason")
        assert len(listed) == rows


def test_an_organisation_may_have_a_mailbox_of_a_role(project: Project) -> None:
    assert outdated(project, record(1, **FIRM)) == []


@pytest.mark.parametrize(
    ("days", "listed"),
    [(100, []), (101, ["city"]), (365, ["city"]), (366, ["city", "phone"])],
)
def test_a_value_is_too_old_when_its_half_life_is_over(
    project: Project, days: int, listed: list[str]
) -> None:
    rows = outdated(project, record(1, **WHOLE, city="Leeds", last_verified_on=ago(days)))
    assert rows == [("c1", attribute, "too_old") for attribute in listed]


@pytest.mark.parametrize(
    ("says", "age"),
    [
        ({"registered_on": ago(200)}, 200),
        ({"registered_on": ago(200), "updated_at": f"{ago(150)} 12:00:00"}, 150),
        ({"last_verified_on": ago(120), "updated_at": f"{ago(150)} 12:00:00"}, 120),
        ({"last_verified_on": ago(-1), "registered_on": ago(200)}, 200),
    ],
)
def test_registration_change_and_verification_confirm_a_value_and_a_day_to_come_does_not(
    project: Project, says: dict[str, Any], age: int
) -> None:
    warehouse = company(project, record(1, city="Leeds", **says))
    assert found(
        warehouse, "outdated_customer_values", "attribute", "confirmed_on", "age_days"
    ) == [("city", ago(age), age)]


def test_a_value_without_any_day_is_never_too_old_and_one_that_is_wrong_is_told_as_that(
    project: Project,
) -> None:
    assert outdated(project, record(1, city="Leeds")) == []
    wrong = {**WHOLE, "phone_e164": None, "last_verified_on": ago(5000)}
    assert outdated(project, record(1, **wrong)) == [
        ("c1", "email", "too_old"),
        ("c1", "phone", "no_phone_number"),
    ]


def test_each_record_of_a_customer_is_listed_by_itself_and_leads_to_its_line(
    project: Project,
) -> None:
    wrong = {**WHOLE, "phone_e164": None}
    records = [record(1, **wrong), record(2, 1, **wrong), record(3, 1, **wrong, is_withdrawn=True)]
    columns = ("customer_key", "customer_id", "load_id", "source_line_number", "is_required")
    assert found(company(project, *records), "outdated_customer_values", *columns) == [
        (1, "c1", 1, 2, True),
        (1, "c2", 1, 3, True),
    ]


def test_no_value_of_a_record_is_in_the_published_tables(project: Project) -> None:
    wrong = {**WHOLE, "phone_e164": None, "last_verified_on": ago(9999)}
    made = company(project, record(1, **wrong, customer_status="prospect"))
    for model in (
        "customer_record_quality",
        "outdated_customer_values",
        "customer_quality_summary",
    ):
        rows = found(made, model, "*")
        assert rows
        assert not {"Ann Lee", "ann@example.com", "020 1"} & {str(v) for row in rows for v in row}


def test_the_summary_counts_what_is_known_of_each_kind_of_customers(project: Project) -> None:
    prospect = {"customer_status": "prospect"}
    former = {"customer_status": "former", "is_inferred": False}
    records = [
        record(1, **WHOLE, **former, last_verified_on=ago(730)),
        record(2, **{**WHOLE, "phone_e164": None}, **former, last_verified_on=ago(1)),
        record(3, **prospect, is_inferred=True),
    ]
    assert found(company(project, *records), "customer_quality_summary", "*") == [
        ("a", "person", "former", 2, 0, 2, 1, 0.875, 2, 1, 2),
        ("a", "unknown", "prospect", 1, 1, 0, 0, None, 0, 0, 0),
    ]


def test_without_customers_the_tables_are_empty_and_typed(project: Project) -> None:
    empty = company(project)
    for model in (
        "customer_record_quality",
        "outdated_customer_values",
        "customer_quality_summary",
        "dim_customer_classes",
    ):
        assert found(empty, model, "*") == []
        kinds = empty.con.execute(f"describe {project.node(model).relation}").fetchall()
        assert '"NULL"' not in {kind for _, kind, *_ in kinds}


CLASSES = ("customer_key", "class_kind", "class_value", "customers")


def kinds(*minimums: tuple[str, int]) -> str:
    rows = [{"class_kind": kind, "minimum_customers": least} for kind, least in minimums]
    return query(rows, {"class_kind": "string", "minimum_customers": "integer"})


def test_a_customer_has_a_class_of_each_kind_that_something_is_told_of(project: Project) -> None:
    person = record(
        1,
        customer_type="person",
        gender="female",
        birth_year=1984,
        occupation="cook",
        household_size=3,
        region="Kent",
        source_channel="fair",
    )
    firm = record(2, customer_type="organisation", industry="hotel", employees=250)
    every = (
        *(("sex", 1), ("age_band", 1), ("occupation", 1), ("family", 1), ("type", 1)),
        *(("industry", 1), ("size", 1), ("region", 1), ("channel", 1)),
    )
    made = warehouse(project, [person, firm, record(3)], customer_class_kinds=kinds(*every))
    assert found(made, "dim_customer_classes", *CLASSES) == [
        (1, "age_band", "35-44", 1),
        (1, "channel", "fair", 1),
        (1, "family", "3-4", 1),
        (1, "occupation", "cook", 1),
        (1, "region", "Kent", 1),
        (1, "sex", "female", 1),
        (1, "type", "person", 1),
        (2, "industry", "hotel", 1),
        (2, "size", "250+", 1),
        (2, "type", "organisation", 1),
    ]


@pytest.mark.parametrize(
    ("employees", "band"), [(0, "0-9"), (9, "0-9"), (10, "10-49"), (249, "50-249"), (250, "250+")]
)
def test_a_number_at_the_bound_falls_into_one_band(
    project: Project, employees: int, band: str
) -> None:
    given = {"customer_class_kinds": kinds(("size", 1))}
    made = warehouse(project, [record(1, employees=employees)], **given)
    assert found(made, "dim_customer_classes", "class_value") == [(band,)]


@pytest.mark.parametrize(
    ("cooks", "nurses", "clerks", "shown"),
    [
        (3, 3, 0, {"cook": 3, "nurse": 3}),
        (3, 2, 1, {"cook": 3, "other": 3}),
        (3, 2, 0, {"cook": 3}),
        (2, 0, 0, {}),
    ],
)
def test_a_class_of_few_customers_is_other_and_too_few_others_are_not_shown(
    project: Project, cooks: int, nurses: int, clerks: int, shown: dict[str, int]
) -> None:
    told = ["cook"] * cooks + ["nurse"] * nurses + ["clerk"] * clerks
    records = [record(n, occupation=word) for n, word in enumerate(told, start=1)]
    made = warehouse(project, records, customer_class_kinds=kinds(("occupation", 3)))
    rows = found(made, "dim_customer_classes", "class_value", "customers")
    assert Counter(value for value, _ in rows) == shown
    assert all(shown[value] == customers for value, customers in rows)


@pytest.mark.parametrize(
    "change",
    [
        "delete from {} where class_value = '10-49'",
        "update {} set to_value = 50 where class_value = '10-49'",
        "update {} set to_value = null where class_value = '10-49'",
        "update {} set to_value = 999 where class_value = '250+'",
        "update {} set from_value = 60 where class_value = '10-49'",
    ],
)
def test_bands_with_a_gap_an_overlap_or_a_wrong_end_are_found(
    project: Project, change: str
) -> None:
    made = Warehouse(project)
    assert faults_after(made, "customer_class_bands", "bands_follow_each_other", change) > 0


def test_a_reason_without_words_is_found(project: Project) -> None:
    made = company(project, record(1, **{**WHOLE, "phone_e164": None}))
    made.build("value_faults")
    change = "update {} set reason = 'no_phone'"
    assert (
        faults_after(
            made,
            "outdated_customer_values",
            "relationships_outdated_customer_values_reason",
            change,
        )
        == 1
    )


@pytest.mark.parametrize(
    ("model", "prefix", "change"),
    [
        (
            "customer_record_quality",
            "within_customer_record_quality_0__1__completeness",
            "completeness_ratio = 1.01",
        ),
        (
            "customer_record_quality",
            "within_customer_record_quality_0__staleness",
            "staleness_ratio = -0.1",
        ),
        ("customer_quality_summary", "within", "completeness_ratio = -0.1"),
    ],
)
def test_a_ratio_out_of_its_range_is_found(
    project: Project, model: str, prefix: str, change: str
) -> None:
    made = company(project, record(1, **WHOLE, last_verified_on=ago(1), customer_status="new"))
    assert faults_after(made, model, prefix, "update {} set " + change) == 1
