"""Which source records are one customer, by which rule, and under which key: from raw to links."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from harness import Project, Warehouse
from landed import Landed, rows_of

from crm.lake.deliveries import read_deliveries

EMMA = {"full_name": "Emma Baker", "email": "emma.baker#@mail.example", "phone": "020 7946 01##"}
UK = {"country": "United Kingdom", "customer_type": "person"}
LATER = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)


def key(customer_id: str) -> int:
    """Our key of a record of the system `standard`."""
    return int(hashlib.md5(f"standard|{customer_id}".encode()).hexdigest()[:15], 16)  # noqa: S324


@functools.lru_cache(maxsize=1)
def _warehouse(home: Path, loads: int, landed: Landed) -> Warehouse:
    return landed.warehouse()


def warehouse(landed: Landed) -> Warehouse:
    """All that was delivered, built once between two deliveries."""
    loads = len(read_deliveries(landed.settings))
    return _warehouse(landed.settings.home, loads, landed)


def customers(landed: Landed) -> dict[str, str]:
    """Each record's customer, named by the id of the record that gave the key."""
    links = rows_of(warehouse(landed), "customer_links")
    names = {link["record_key"]: link["customer_id"] for link in links}
    return {link["customer_id"]: names[link["customer_key"]] for link in links}


def rules(landed: Landed) -> list[tuple[str, bool]]:
    """The exact rules that found pairs, and whether the pair is one customer."""
    rows = rows_of(warehouse(landed), "customer_link_rules")
    return sorted((row["rule"], row["is_used"]) for row in rows if row["rule"] != "probability")


def _of_one(record: dict[str, str]) -> dict[str, str]:
    return {name: text.replace("#", "1") for name, text in record.items()}


def deliver(landed: Landed, **records: dict[str, str]) -> None:
    """A delivery of customer records by their ids."""
    landed.deliver(
        *({**UK, **_of_one(record), "customer_id": name} for name, record in records.items()),
        feed="customers",
    )


def decide(landed: Landed, decision: str, one: str, other: str, **more: str) -> None:
    landed.deliver(
        {"customer_id": one, "other_customer_id": other, "decision": decision, **more},
        feed="link_decisions",
    )


SHANGHAI = {
    "customer_type": "organisation",
    "full_name": "上海清风贸易有限公司",
    "country": "China",
    "tax_code": "91350100M000100Y43",
}
# Each case's pair has a mailbox and a telephone of its own: # is the case's number.
ONE = {
    "an equal address": (EMMA, {**EMMA, "phone": ""}, "email"),
    "the address shouted": (
        EMMA,
        {**EMMA, "email": "EMMA.BAKER#@mail.example", "phone": ""},
        "email",
    ),
    "the name turned": (EMMA, {**EMMA, "full_name": "Baker Emma", "phone": ""}, "email"),
    "an initial": (EMMA, {**EMMA, "full_name": "E. Baker", "phone": ""}, "email"),
    "a typing error": (EMMA, {**EMMA, "full_name": "Emma Bkaer", "phone": ""}, "email"),
    "a short name with two letters exchanged": (
        {**EMMA, "full_name": "Yang Emma"},
        {**EMMA, "full_name": "Ynag Emma", "phone": ""},
        "email",
    ),
    "no name": (EMMA, {**EMMA, "full_name": "", "phone": ""}, "email"),
    "the number written otherwise": (
        {**EMMA, "email": ""},
        {**EMMA, "email": "", "phone": "+44 20 7946 01##"},
        "phone",
    ),
    "a card after a marriage": (
        {"full_name": "Anna Jones", "loyalty_card_id": "M001"},
        {"full_name": "Anna Smith", "loyalty_card_id": "M001"},
        "loyalty_card",
    ),
    "a social credit code": (
        SHANGHAI,
        {**SHANGHAI, "full_name": "Shanghai Breeze Trading", "tax_code": "91350100m000100y43"},
        "tax_code",
    ),
}
TWO = {
    "a family's telephone": (EMMA, {"full_name": "George Baker", "phone": EMMA["phone"]}),
    "a couple's mailbox": (EMMA, {"full_name": "George Baker", "email": EMMA["email"]}),
    "spouses with short names": (
        {"full_name": "Ann Lee", "phone": EMMA["phone"]},
        {"full_name": "Ian Lee", "phone": EMMA["phone"]},
    ),
    "brother and sister": (
        {"full_name": "Maria Rossi", "phone": EMMA["phone"], "gender": "female"},
        {"full_name": "Mario Rossi", "phone": EMMA["phone"], "gender": "male"},
    ),
    "two firms of one business park": (
        {"customer_type": "organisation", "full_name": "North Ltd", "phone": EMMA["phone"]},
        {"customer_type": "organisation", "full_name": "South Ltd", "phone": EMMA["phone"]},
    ),
    "father and son": (
        {**EMMA, "birth_date": "1960-05-17", "email": ""},
        {**EMMA, "birth_date": "1991-11-02", "email": ""},
    ),
    "a mailbox of a role": ({**EMMA, "email": "info@shop#.example", "phone": ""},) * 2,
    "a placeholder": ({**EMMA, "email": "", "phone": "00000000000"},) * 2,
    "two families that differ in one letter": (
        {"full_name": "Wang Wei", "email": "tea#@mail.example"},
        {"full_name": "Yang Wei", "email": "tea#@mail.example"},
    ),
    "two Chinese names that are one in Latin letters": (
        {"full_name": "王伟", "email": "tea#@mail.example", "country": "China"},
        {"full_name": "王薇", "email": "tea#@mail.example", "country": "China"},
    ),
    "a person and an organisation": (EMMA, {**EMMA, "customer_type": "organisation"}),
    "a code whose check digit is wrong": (
        {**SHANGHAI, "tax_code": "91350100M000100Y44", "full_name": "长江酒店有限公司"},
        {**SHANGHAI, "tax_code": "91350100M000100Y44", "full_name": "明月贸易有限公司"},
    ),
    "a name alone": ({"full_name": "Emma Baker"},) * 2,
}


@pytest.fixture(scope="module")
def cases(
    tmp_path_factory: pytest.TempPathFactory, project: Project
) -> dict[str, tuple[set[str], set[str]]]:
    """Per case the customers that its two records are, and the rules that say so."""
    landed = Landed(tmp_path_factory.mktemp("cases"), project)
    records: dict[str, dict[str, str]] = {}
    for number, (name, (one, other, *_)) in enumerate({**ONE, **TWO}.items()):
        for side, record in zip("lr", (one, other), strict=True):
            records[f"{name} {side}"] = {
                column: text.replace("##", f"{number:02}").replace("#", str(number))
                for column, text in record.items()
            }
    deliver(landed, **records)
    known = customers(landed)
    rules = rows_of(warehouse(landed), "customer_link_rules")
    return {
        name: (
            {known[f"{name} l"], known[f"{name} r"]},
            {
                row["rule"]
                for row in rules
                if row["is_used"]
                and {row["record_key_l"], row["record_key_r"]}
                == {key(f"{name} l"), key(f"{name} r")}
            },
        )
        for name in {**ONE, **TWO}
    }


@pytest.mark.parametrize("name", ONE)
def test_records_with_an_equal_key_and_names_that_agree_are_one_customer(
    cases: dict[str, tuple[set[str], set[str]]], name: str
) -> None:
    found, rules = cases[name]
    assert found == {f"{name} l"}
    assert ONE[name][2] in rules


@pytest.mark.parametrize("name", TWO)
def test_records_that_share_too_little_stay_two_customers(
    cases: dict[str, tuple[set[str], set[str]]], name: str
) -> None:
    assert cases[name] == ({f"{name} l", f"{name} r"}, set())


def test_a_value_that_many_people_share_is_no_key_and_is_told(landed: Landed) -> None:
    crowd = {
        f"a{number:02}": {
            "full_name": f"Emma Baker{number * 1111}",
            "email": "desk@shop.example",
            "birth_date": f"19{40 + number}-0{number % 9 + 1}-1{number % 9}",
        }
        for number in range(11)
    }
    deliver(landed, **crowd, a99={**crowd["a01"], "birth_date": ""})
    assert set(customers(landed).items()) == {(name, name) for name in customers(landed)}
    (guard,) = rows_of(warehouse(landed), "customer_guards")
    assert (guard["guard"], guard["rule"], guard["records"]) == ("shared_value", "email", 12)


@pytest.mark.parametrize("vague", ["E. Baker", ""])
def test_a_vague_record_links_no_two_people_of_one_household(landed: Landed, vague: str) -> None:
    household = {
        "a1": {"full_name": "Emma Baker", "email": "bakers@mail.example"},
        "a2": {"full_name": "Ella Baker", "email": "bakers@mail.example"},
        "a3": {"full_name": vague, "email": "bakers@mail.example"},
    }
    deliver(landed, **household)
    assert customers(landed) == {"a1": "a1", "a2": "a2", "a3": "a3"}
    # where only one is known it is hers
    deliver(landed, a2={"full_name": "Ella Baker", "email": "ella@mail.example"})
    assert customers(landed) == {"a1": "a1", "a2": "a2", "a3": "a1"}


def test_links_reach_through_others_and_each_says_its_rule(landed: Landed) -> None:
    deliver(
        landed,
        a1={"full_name": "Emma Baker", "email": "emma@mail.example"},
        a2={"full_name": "Emma Baker", "email": "emma@mail.example", "phone": "020 7946 0123"},
        a3={"full_name": "Emma Baker", "phone": "+442079460123"},
    )
    assert set(customers(landed).values()) == {"a1"}
    assert rules(landed) == [("email", True), ("phone", True)]


def test_a_merge_keeps_the_key_of_the_record_that_was_delivered_first(landed: Landed) -> None:
    deliver(landed, z9={"full_name": "Emma Baker"})
    deliver(landed, a1={**EMMA})
    assert customers(landed) == {"z9": "z9", "a1": "a1"}
    deliver(landed, z9=EMMA)
    assert customers(landed) == {"z9": "z9", "a1": "z9"}


def test_an_order_that_names_a_record_before_its_file_makes_it_the_older_one(
    landed: Landed,
) -> None:
    landed.deliver({"order_id": "1", "line_number": "1", "customer_id": "z9"})
    deliver(landed, a1=EMMA)
    deliver(landed, z9=EMMA)
    assert customers(landed) == {"z9": "z9", "a1": "z9"}
    # the order is delivered again: the first delivery still counts
    landed.deliver({"order_id": "1", "line_number": "1", "customer_id": "z9", "quantity": "2"})
    assert customers(landed) == {"z9": "z9", "a1": "z9"}


def test_a_record_that_is_mended_so_that_nothing_links_it_has_its_own_key_again(
    landed: Landed,
) -> None:
    deliver(landed, a1=EMMA)
    before = customers(landed)
    deliver(landed, a2=EMMA)
    assert customers(landed) == {"a1": "a1", "a2": "a1"}
    deliver(landed, a2={"full_name": "Zoë Müller", "email": "zoe@mail.example"})
    assert customers(landed) == {**before, "a2": "a2"}


def test_new_records_change_no_link_between_old_ones(landed: Landed) -> None:
    deliver(landed, a1=EMMA, a2=EMMA, a3={"full_name": "Zoë Müller", "email": "zoe@mail.example"})
    before = customers(landed)
    chance = random.Random(4)
    for number in range(3):
        deliver(
            landed,
            **{
                f"b{number}{place}": {
                    "full_name": f"{chance.choice(['Emma', 'Noah'])} {chance.choice('ABCD')}arker",
                    "email": f"p{chance.randrange(4)}@mail.example",
                }
                for place in range(10)
            },
        )
        now = customers(landed)
        assert {name: now[name] for name in before} == before


def test_a_decision_forces_a_link_and_its_withdrawal_undoes_it(landed: Landed) -> None:
    deliver(landed, a1=EMMA, a2={"full_name": "Zoë Müller"})
    before = customers(landed)
    decide(landed, "same", "a2", "a1")
    assert customers(landed) == {"a1": "a1", "a2": "a1"}
    assert rules(landed) == [("listed", True)]
    decide(landed, "same", "a2", "a1", is_deleted="true")
    assert customers(landed) == before


def test_a_decision_forbids_a_link_also_through_others(landed: Landed) -> None:
    deliver(
        landed,
        a1={"full_name": "Emma Baker", "email": "emma@mail.example"},
        a2={"full_name": "Emma Baker", "email": "emma@mail.example", "phone": "020 7946 0123"},
        a3={"full_name": "Emma Baker", "phone": "+442079460123"},
    )
    decide(landed, "different", "a1", "a3")
    # the telephone is the weaker link
    assert customers(landed) == {"a1": "a1", "a2": "a1", "a3": "a3"}
    assert rules(landed) == [("email", True), ("phone", False)]


def test_the_later_of_two_decisions_stands_and_each_has_its_outcome(landed: Landed) -> None:
    deliver(landed, a1=EMMA, a2={"full_name": "Zoë Müller"})
    decide(landed, "same", "a1", "a2", decided_on="2026-01-04")
    decide(landed, "different", "a2", "a1", decided_on="2026-01-03")
    decide(landed, "same", "a1", "a7", decided_on="2026-01-03")
    assert customers(landed) == {"a1": "a1", "a2": "a1"}
    outcomes = rows_of(warehouse(landed), "link_decision_outcomes", "load_id")
    assert [row["outcome"] for row in outcomes] == ["applied", "overtaken", "unknown_record"]


def test_an_orders_only_record_can_be_linked_by_a_decision(landed: Landed) -> None:
    deliver(landed, a1=EMMA)
    landed.deliver({"order_id": "1", "line_number": "1", "customer_id": "b7"})
    decide(landed, "same", "a1", "b7")
    assert customers(landed) == {"a1": "a1", "b7": "a1"}
    (line,) = rows_of(warehouse(landed), "int_order_lines__valued")
    assert line["customer_key"] == key("a1")


def test_who_acts_for_another_is_never_that_other(landed: Landed) -> None:
    owner = {"full_name": "Emma Baker", "customer_type": ""}
    deliver(landed, a1=owner | EMMA, a2=owner | EMMA | {"organisation_id": "a1"})
    assert customers(landed) == {"a1": "a1", "a2": "a2"}
    assert rules(landed) == [("email", False), ("phone", False)]


def test_the_order_of_rows_and_the_split_of_files_change_no_cluster(
    landed: Landed, tmp_path: Any, project: Any
) -> None:
    chance = random.Random(7)
    rows = {
        f"c{number:02}": {
            "full_name": f"{chance.choice(['Emma', 'Noah', 'E.'])} Barker",
            "email": f"p{chance.randrange(6)}@mail.example",
            "phone": f"020 7946 01{chance.randrange(4):02}",
        }
        for number in range(24)
    }
    deliver(landed, **rows)
    links = rows_of(warehouse(landed), "customer_links")
    names = list(rows)
    chance.shuffle(names)
    other = Landed(tmp_path / "other", project)
    deliver(other, **{name: rows[name] for name in names})
    assert rows_of(other.warehouse(), "customer_links") == links
    split = Landed(tmp_path / "split", project)
    for part in (sorted(names)[:9], sorted(names)[9:]):
        deliver(split, **{name: rows[name] for name in part})
    assert rows_of(split.warehouse(), "customer_links") == links
    assert len(set(customers(landed).values())) < len(rows)


def publish_log(landed: Landed, **clocks: Any) -> list[tuple[Any, ...]]:
    """What the next version's log says; it is put where a published version has it."""
    warehouse = landed.warehouse(**clocks)
    log = rows_of(warehouse, "customer_merges", "event_number")
    folder = landed.settings.published / "parquet" / "quality" / "customer_merges"
    folder.mkdir(parents=True, exist_ok=True)
    relation = warehouse.project.node("customer_merges").relation
    warehouse.con.execute(f"copy {relation} to '{folder}/all.parquet'")
    names = {key(f"a{number}"): f"a{number}" for number in range(1, 10)}
    return [
        (
            row["event"],
            row["customer_id"],
            names[row["customer_key_before"]],
            names[row["customer_key_after"]],
            row["linked_by"],
        )
        for row in log
    ]


def test_merges_and_un_merges_are_logged_once(landed: Landed) -> None:
    deliver(landed, a1=EMMA)
    assert publish_log(landed) == []
    deliver(landed, a2=EMMA)
    merged = ("merged", "a2", "a2", "a1", "email")
    assert publish_log(landed) == [merged]
    assert publish_log(landed) == [merged]
    decide(landed, "different", "a1", "a2")
    unmerged = ("unmerged", "a2", "a1", "a2", None)
    assert publish_log(landed) == [merged, unmerged]
    decide(landed, "different", "a1", "a2", is_deleted="true")
    assert publish_log(landed) == [merged, unmerged, merged]


def test_a_question_about_the_past_is_no_event(landed: Landed) -> None:
    deliver(landed, a1=EMMA)
    deliver(landed, a2=EMMA)
    log = publish_log(landed)
    assert publish_log(landed, known_at=1) == log
    assert publish_log(landed, as_of=dt.date(2026, 1, 1)) == log
    assert publish_log(landed) == log


FOLLOWING = (
    "dim_customers", "dim_customers_history", "customer_attribute_sources", "fct_order_lines",
    "fct_orders", "customer_days", "rfm_customer_months", "rfm_customers",
)  # fmt: skip


def test_every_mart_follows_a_merge_and_is_as_before_when_it_is_undone(landed: Landed) -> None:
    deliver(landed, a1=EMMA, a2={"full_name": "Zoë Müller", "country": "France"})
    landed.deliver(
        {"order_id": "1", "line_number": "1", "customer_id": "a1", "unit_price": "3.00"},
        {"order_id": "2", "line_number": "1", "customer_id": "a2", "unit_price": "4.00"},
        {
            "order_id": "3",
            "line_number": "1",
            "customer_id": "a2",
            "unit_price": "5.00",
            "ordered_at": "2026-02-10 10:00:00",
        },
    )
    landed.settings = landed.settings.model_copy(update={"reporting_currency": "EUR"})

    def marts() -> dict[str, list[dict[str, Any]]]:
        warehouse = landed.warehouse()
        return {model: rows_of(warehouse, model) for model in FOLLOWING}

    before = marts()
    assert {row["customer_key"] for row in before["fct_orders"]} == {key("a1"), key("a2")}
    decide(landed, "same", "a1", "a2")
    merged = marts()
    assert {row["customer_key"] for row in merged["fct_orders"]} == {key("a1")}
    (customer,) = merged["rfm_customers"]
    assert (customer["customer_key"], customer["frequency"]) == (key("a1"), 2)
    assert float(customer["monetary_amount"]) == 12.0
    assert {row["customer_key"] for row in merged["dim_customers"]} == {-1, key("a1")}
    decide(landed, "same", "a1", "a2", is_deleted="true")
    assert marts() == before
