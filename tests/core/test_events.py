"""The facts of the feeds beside order lines, on rows by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from harness import Project, Warehouse
from landed import VALID, Landed, rows_of

from crm.contracts import load_feeds

D = Decimal
DAY = dt.date
AS_OF = DAY(2026, 1, 20)
FACT_OF = {
    "payments": "fct_payments",
    "interactions": "fct_interactions",
    "campaigns": "dim_campaigns",
    "campaign_offers": "fct_campaign_offers",
    "campaign_contacts": "fct_campaign_contacts",
    "surveys": "fct_survey_answers",
    "web_events": "fct_web_events",
    "service_contracts": "fct_service_contracts",
    "leads": "fct_leads",
    "wallet_estimates": "fct_wallet_estimates",
    "exchange_rates": "fct_exchange_rates",
    "product_families": "dim_product_families",
}


def rows(landed: Landed, model: str, *columns: str, **clocks: Any) -> list[tuple[Any, ...]]:
    """The chosen columns of a model's rows; every data test on the model holds."""
    clocks = {"as_of": AS_OF, **clocks}
    warehouse = landed.warehouse(**clocks)
    found = rows_of(warehouse, model)
    for test in landed.project.tests_of(model):
        assert warehouse.failures(test) == 0, test
    return [tuple(row[column] for column in columns) for row in found]


def test_feeds_that_nobody_delivers_leave_empty_and_typed_tables(
    landed: Landed, project: Project
) -> None:
    warehouse = landed.warehouse()
    for model in FACT_OF.values():
        assert rows_of(warehouse, model) == []
        relation = project.node(model).relation
        kinds = {kind for _, kind, *_ in warehouse.con.execute(f"describe {relation}").fetchall()}
        assert '"NULL"' not in kinds


@pytest.mark.parametrize("feed", sorted(FACT_OF))
def test_a_minimal_row_of_each_feed_is_accepted_and_stands_in_its_fact(
    landed: Landed, feed: str
) -> None:
    landed.deliver({}, feed=feed)
    assert landed.verdicts(feed) == [["accepted"]]
    assert len(rows(landed, FACT_OF[feed], "system")) == 1


@pytest.mark.parametrize("feed", sorted(set(VALID) - {"transactions"}))
def test_each_required_column_of_each_feed_is_missed_by_name(
    landed: Landed, project: Project, feed: str
) -> None:
    required = [column.name for column in load_feeds()[feed].columns if column.is_required]
    landed.deliver(*({name: ""} for name in required), feed=feed)
    assert landed.verdicts(feed) == [[f"quarantined: {name}: required" for name in required]]


def test_a_customer_that_only_an_event_names_is_inferred(landed: Landed) -> None:
    landed.deliver({"customer_id": "c7"}, feed="web_events")
    assert rows(landed, "dim_customers", "customer_id", "is_inferred") == [
        ("unattributed", True),
        ("c7", True),
    ]


def test_whoever_is_first_heard_of_after_the_as_of_date_is_not_known(landed: Landed) -> None:
    landed.deliver({"customer_id": "c7", "registered_on": "2026-01-21"}, feed="customers")
    landed.deliver({"customer_id": "c8", "occurred_at": "2026-01-21 00:00:00"}, feed="web_events")
    landed.deliver({"customer_id": "c9"}, feed="customers")
    assert rows(landed, "dim_customers", "customer_id") == [("unattributed",), ("c9",)]


def test_days_after_the_as_of_date_are_not_told(landed: Landed) -> None:
    later = {"registered_on": "2026-01-21", "last_verified_on": "2026-01-22"}
    landed.deliver({"customer_id": "c7", **later}, feed="customers")
    landed.deliver({"customer_id": "c7"}, feed="web_events")
    columns = ("customer_id", "registered_on", "last_verified_on")
    assert rows(landed, "dim_customers", *columns)[1:] == [("c7", None, None)]


def test_persons_and_organisations_are_linked_by_the_ids_of_their_system(landed: Landed) -> None:
    landed.deliver(
        {"customer_id": "parent", "customer_type": "organisation"},
        {"customer_id": "child", "customer_type": "organisation", "parent_customer_id": "parent"},
        {"customer_id": "buyer", "organisation_id": "child", "contact_role": "buyer"},
        {"customer_id": "lost", "parent_customer_id": "nobody"},
        feed="customers",
    )
    found = rows(
        landed,
        "dim_customers",
        "customer_id",
        "customer_key",
        "parent_customer_key",
        "organisation_key",
    )
    key = {name: own for name, own, *_ in found}
    links = {name: (parent, organisation) for name, _, parent, organisation in found}
    assert links["child"] == (key["parent"], None)
    assert links["buyer"] == (None, key["child"])
    assert links["lost"] == links["parent"] == (None, None)


def test_a_person_is_published_with_the_year_of_birth_alone(landed: Landed) -> None:
    landed.deliver({"birth_date": "1984-02-29", "full_name": "Ann Lee"}, feed="customers")
    (_, person) = rows_of(landed.warehouse(), "dim_customers")
    assert person["birth_year"] == 1984
    assert not {"birth_date", "full_name", "email"} & set(person)
    (kept,) = rows_of(landed.warehouse(), "customer_identifiers")
    assert (kept["full_name"], kept["birth_date"]) == ("Ann Lee", DAY(1984, 2, 29))


def test_a_claim_is_open_until_it_is_paid_and_overdue_after_its_day(landed: Landed) -> None:
    due = {"due_on": "2026-01-10"}
    landed.deliver(
        {"payment_id": "early", "paid_at": "2026-01-09 12:00:00", **due},
        {"payment_id": "late", "paid_at": "2026-01-13 12:00:00", **due},
        {"payment_id": "open", **due},
        {"payment_id": "part", "paid_at": "2026-01-12 09:00:00", "paid_amount": "4", **due},
        {"payment_id": "tomorrow", "paid_at": "2026-01-21 12:00:00", **due},
        {"payment_id": "cash", "paid_at": "2026-01-05 12:00:00"},
        feed="payments",
    )
    columns = ("payment_id", "paid_on", "paid_amount", "open_amount", "overdue_days")
    assert sorted(rows(landed, "fct_payments", *columns)) == [
        ("cash", DAY(2026, 1, 5), D(10), D(0), None),
        ("early", DAY(2026, 1, 9), D(10), D(0), 0),
        ("late", DAY(2026, 1, 13), D(10), D(0), 3),
        ("open", None, D(0), D(10), 10),
        ("part", DAY(2026, 1, 12), D(4), D(6), 2),
        ("tomorrow", None, D(0), D(10), 10),
    ]


def test_a_claim_that_arises_after_the_as_of_date_is_not_there(landed: Landed) -> None:
    landed.deliver({"issued_on": "2026-01-21"}, feed="payments")
    assert rows(landed, "fct_payments", "payment_id") == []


def test_a_claim_without_a_day_of_its_own_arose_when_it_was_paid_or_fell_due(
    landed: Landed,
) -> None:
    landed.deliver(
        {"payment_id": "a", "issued_on": "", "paid_at": "2026-01-07 12:00:00"},
        {"payment_id": "b", "issued_on": "", "due_on": "2026-01-08"},
        {
            "payment_id": "c",
            "issued_on": "",
            "due_on": "2026-01-08",
            "paid_at": "2026-01-06 12:00:00",
        },
        feed="payments",
    )
    assert sorted(rows(landed, "fct_payments", "payment_id", "issued_on")) == [
        ("a", DAY(2026, 1, 7)),
        ("b", DAY(2026, 1, 8)),
        ("c", DAY(2026, 1, 6)),
    ]


def test_an_interaction_is_told_as_it_stood_on_the_as_of_date(landed: Landed) -> None:
    complaint = {
        "interaction_kind": "complaint",
        "first_reply_at": "2026-01-05 10:45:30",
        "satisfaction": "2",
    }
    landed.deliver(
        {"interaction_id": "settled", **complaint, "resolved_at": "2026-01-06 10:00:00"},
        {"interaction_id": "later", **complaint, "resolved_at": "2026-01-21 10:00:00"},
        feed="interactions",
    )
    columns = ("interaction_id", "first_reply_minutes", "resolution_minutes", "satisfaction")
    assert sorted(rows(landed, "fct_interactions", *columns)) == [
        ("later", 45.5, None, None),
        ("settled", 45.5, 1440.0, D(2)),
    ]


@pytest.mark.parametrize(
    ("kind", "direction", "is_own"),
    [
        ("call", "inbound", True),
        ("call", "outbound", False),
        ("call", "", False),
        ("inquiry", "", True),
        ("inquiry", "outbound", False),
    ],
)
def test_own_initiative_is_told_by_the_direction_else_by_the_kind(
    landed: Landed, kind: str, direction: str, is_own: bool
) -> None:
    landed.deliver({"interaction_kind": kind, "direction": direction}, feed="interactions")
    assert rows(landed, "fct_interactions", "is_own_initiative") == [(is_own,)]


def test_a_response_reported_apart_counts_with_the_last_contact_before_it(landed: Landed) -> None:
    landed.deliver({"cost_amount": "500"}, feed="campaigns")
    landed.deliver(
        {"contact_id": "a", "contacted_at": "2026-01-06 09:00:00", "cost_amount": "1.5"},
        {"contact_id": "b", "contacted_at": "2026-01-12 09:00:00"},
        {"contact_id": "c", "customer_id": "c2"},
        {"contact_id": "r1", "responded_at": "2026-01-10 09:00:00"},
        {"contact_id": "r2", "responded_at": "2026-01-13 09:00:00"},
        {"contact_id": "r3", "responded_at": "2026-01-21 09:00:00"},
        {"contact_id": "r4", "customer_id": "c3", "responded_at": "2026-01-14 09:00:00"},
        feed="campaign_contacts",
    )
    columns = ("contact_id", "contacted_on", "responded_on", "responses", "is_response_only")
    assert sorted(rows(landed, "fct_campaign_contacts", *columns)) == [
        ("a", DAY(2026, 1, 6), DAY(2026, 1, 10), 1, False),
        ("b", DAY(2026, 1, 12), DAY(2026, 1, 13), 1, False),
        ("c", DAY(2026, 1, 5), None, 0, False),
        ("r1", None, DAY(2026, 1, 10), 1, True),
        ("r2", None, DAY(2026, 1, 13), 1, True),
        ("r4", None, DAY(2026, 1, 14), 1, True),
    ]


def test_a_response_in_the_contacts_own_row_counts_once(landed: Landed) -> None:
    landed.deliver(
        {"contacted_at": "2026-01-06 09:00:00", "responded_at": "2026-01-09 09:00:00"},
        feed="campaign_contacts",
    )
    columns = ("responded_on", "response", "responses")
    assert rows(landed, "fct_campaign_contacts", *columns) == [(DAY(2026, 1, 9), "responded", 1)]


def test_a_response_after_the_as_of_date_is_not_known(landed: Landed) -> None:
    contact = {"contacted_at": "2026-01-06 09:00:00", "response": "responded"}
    landed.deliver({**contact, "responded_at": "2026-01-21 09:00:00"}, feed="campaign_contacts")
    columns = ("responded_on", "response", "responses")
    assert rows(landed, "fct_campaign_contacts", *columns) == [(None, None, 0)]


@pytest.mark.parametrize(
    ("question", "score", "construct", "ratio"),
    [
        ("nps", "9", "nps", 0.9),
        ("csat", "1", "csat", 0.0),
        ("csat", "5", "csat", 1.0),
        ("csat", "6", "csat", None),
        ("csat", "", "csat", None),
        ("ours", "3", None, None),
    ],
)
def test_an_answer_is_put_on_the_common_scale(
    landed: Landed, question: str, score: str, construct: str | None, ratio: float | None
) -> None:
    landed.deliver({"question_id": question, "score": score}, feed="surveys")
    found = rows(landed, "fct_survey_answers", "construct", "score_ratio")
    assert found == [(construct, ratio)]


@pytest.mark.parametrize(
    ("dates", "ended_on", "remaining", "is_active"),
    [
        ({}, None, None, True),
        ({"ends_on": "2026-01-30"}, None, 10, True),
        ({"ends_on": "2026-01-20"}, None, 0, True),
        ({"ends_on": "2026-01-19"}, DAY(2026, 1, 19), 0, False),
        ({"ends_on": "2026-01-30", "terminated_on": "2026-01-12"}, DAY(2026, 1, 12), 0, False),
        ({"ends_on": "2026-01-30", "terminated_on": "2026-01-25"}, None, 10, True),
    ],
)
def test_a_contract_runs_to_its_end_or_termination(
    landed: Landed,
    dates: dict[str, str],
    ended_on: dt.date | None,
    remaining: int | None,
    is_active: bool,
) -> None:
    landed.deliver(dates, feed="service_contracts")
    found = rows(landed, "fct_service_contracts", "ended_on", "remaining_days", "is_active")
    assert found == [(ended_on, remaining, is_active)]


def test_a_lead_that_moved_after_the_as_of_date_has_no_known_stage(landed: Landed) -> None:
    landed.deliver(
        {"lead_id": "a", "lead_stage": "won", "stage_changed_at": "2026-01-10 09:00:00"},
        {"lead_id": "b", "lead_stage": "won", "stage_changed_at": "2026-01-21 09:00:00"},
        {"lead_id": "c", "created_at": "2026-01-21 09:00:00"},
        feed="leads",
    )
    assert sorted(rows(landed, "fct_leads", "lead_id", "lead_stage", "is_won")) == [
        ("a", "won", True),
        ("b", None, None),
    ]


def test_an_estimate_of_the_wallet_holds_until_the_next(landed: Landed) -> None:
    landed.deliver(
        {"estimated_on": "2026-01-05"},
        {"estimated_on": "2026-01-15", "wallet_amount": "80"},
        {"estimated_on": "2026-01-21", "wallet_amount": "70"},
        feed="wallet_estimates",
    )
    assert rows(landed, "fct_wallet_estimates", "estimated_on", "valid_to", "wallet_amount") == [
        (DAY(2026, 1, 5), DAY(2026, 1, 15), D(100)),
        (DAY(2026, 1, 15), None, D(80)),
    ]


def test_the_product_that_only_an_event_names_is_inferred(landed: Landed) -> None:
    landed.deliver({"product_id": "p7"}, feed="interactions")
    landed.deliver({"product_id": "p8", "occurred_at": "2026-01-21"}, feed="web_events")
    landed.deliver({"grade": "2", "product_family_id": "f1"}, feed="products")
    columns = ("product_id", "grade", "is_inferred")
    assert sorted(rows(landed, "dim_products", *columns)) == [
        ("p1", 2, False),
        ("p7", None, True),
        ("unknown", None, True),
    ]


def rates(warehouse: Warehouse) -> dict[tuple[str, dt.date], Decimal]:
    """The rates into the reporting currency, GBP, by currency and day."""
    return {
        (row["currency"], row["rate_on"]): row["exchange_rate"]
        for row in rows_of(warehouse, "int_exchange_rates__daily")
    }


def test_an_amount_is_converted_at_the_rate_of_its_day_else_of_the_last_days(
    landed: Landed,
) -> None:
    landed.deliver(
        {"rate_on": "2026-01-05", "exchange_rate": "0.85"},
        {"rate_on": "2026-01-07", "exchange_rate": "0.90"},
        feed="exchange_rates",
    )
    landed.deliver(
        *(
            {"order_id": f"{day:02}", "ordered_at": f"2026-01-{day:02} 10:00:00", "currency": "EUR"}
            for day in (4, 5, 6, 7, 14, 15)
        ),
        {"order_id": "gbp", "currency": "GBP"},
        {"order_id": "usd", "currency": "USD"},
    )
    found = rows(landed, "fct_order_lines", "order_id", "net_amount", "net_amount_reporting")
    assert sorted(found) == [
        ("04", D(1), None),
        ("05", D(1), D("0.85")),
        ("06", D(1), D("0.85")),
        ("07", D(1), D("0.90")),
        ("14", D(1), D("0.90")),
        ("15", D(1), None),  # a rate holds seven days
        ("gbp", D(1), D(1)),
        ("usd", D(1), None),
    ]


def test_a_rate_is_taken_as_quoted_else_inverted_else_through_a_third_currency(
    landed: Landed,
) -> None:
    landed.deliver(
        {"from_currency": "EUR", "to_currency": "GBP", "exchange_rate": "0.8"},
        {"from_currency": "GBP", "to_currency": "EUR", "exchange_rate": "2"},
        {"from_currency": "GBP", "to_currency": "USD", "exchange_rate": "1.25"},
        {"from_currency": "EUR", "to_currency": "CNY", "exchange_rate": "8"},
        {"from_currency": "JPY", "to_currency": "KRW", "exchange_rate": "9"},
        feed="exchange_rates",
    )
    day = DAY(2026, 1, 5)
    assert {
        key: rate for key, rate in rates(landed.warehouse(as_of=AS_OF)).items() if key[1] == day
    } == {
        ("EUR", day): D("0.8"),
        ("USD", day): D("0.8"),
        ("CNY", day): D("0.1"),
    }


def test_rates_of_the_future_change_nothing(landed: Landed) -> None:
    landed.deliver({"rate_on": "2026-01-18"}, feed="exchange_rates")
    before = rates(landed.warehouse(as_of=AS_OF))
    landed.deliver({"rate_on": "2026-01-21", "exchange_rate": "2"}, feed="exchange_rates")
    assert rates(landed.warehouse(as_of=AS_OF)) == before
    assert max(day for _, day in before) == AS_OF


def test_money_of_every_feed_is_conserved_currency_by_currency(landed: Landed) -> None:
    landed.deliver(
        {"payment_id": "a", "amount": "10", "currency": "EUR"},
        {"payment_id": "b", "amount": "5", "currency": "EUR", "issued_on": "31/12/2025"},
        {"payment_id": "c", "amount": "7"},
        feed="payments",
    )
    landed.deliver({"payment_id": "a", "amount": "11", "currency": "EUR"}, feed="payments")
    warehouse = landed.warehouse()
    assert [tuple(row.values()) for row in rows_of(warehouse, "load_amounts")] == [
        (1, "EUR", 2, D(15), D(0), D(5), D(10)),
        (1, "GBP", 1, D(7), D(7), D(0), D(0)),
        (2, "EUR", 1, D(11), D(11), D(0), D(0)),
    ]
    for test in landed.project.tests_of("load_amounts"):
        assert warehouse.failures(test) == 0


def test_columns_beyond_the_contract_are_kept_and_named(landed: Landed) -> None:
    landed.deliver({"payment_id": "a", "Colour": "red", "bank": "x"}, feed="payments")
    (load,) = rows_of(landed.warehouse(), "loads")
    assert (load["accepted"], load["extra_columns"]) == (1, "Colour, bank")
    (raw,) = (landed.settings.raw / "standard" / "payments").glob("*.parquet")
    kept = landed.warehouse().con.execute("select Colour, bank from read_parquet($1)", [str(raw)])
    assert kept.fetchall() == [("red", "x")]
