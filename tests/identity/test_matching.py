"""Which records are probably one customer: by what agrees, whoever else is there."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from harness import Project, Warehouse

from crm.identity import benchmarks
from crm.identity.comparisons import COMPARED, MODELS
from crm.identity.matching import PAIRS, Resources, StaleWeightsError, customer_pairs
from crm.settings import PROJECT_ROOT

TYPES = {
    "record_key": pa.int64(),
    "clean_birth_date": pa.date32(),
    "is_role_email": pa.bool_(),
    "is_placeholder_email": pa.bool_(),
}
SCHEMA = pa.schema([(name, TYPES.get(name, pa.string())) for name in COMPARED])
WEIGHTS, SETTINGS = benchmarks.seed("match_weights"), benchmarks.seed("match_settings")
LINK_FROM = 0.95

EMMA: dict[str, Any] = {
    "customer_type": "person",
    "family_name_key": "ferguson",
    "given_name_key": "emma",
    "gender": "female",
    "clean_birth_date": dt.date(1984, 3, 17),
    "street_key": "mill lane",
    "house_number": "12",
    "postal_code_key": "zz143aa",
    "city_key": "leeds",
    "phone_e164": "+442079460123",
}
NOVAK: dict[str, Any] = {
    "customer_type": "organisation",
    "name_key": "feinkost novak",
    "legal_form": "gmbh",
    "street_key": "hafen street",
    "house_number": "3",
    "postal_code_key": "20457",
    "city_key": "hamburg",
    "phone_e164": "+4940123456",
}


def table(*records: Mapping[str, Any]) -> pa.Table:
    rows = [{"record_key": key, **record} for key, record in enumerate(records, start=1)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def probability(one: Mapping[str, Any], **changes: Any) -> float:
    """That a record and the same with some changes are one customer; 0 where not worth keeping."""
    pairs = customer_pairs(table(one, {**one, **changes}), WEIGHTS, SETTINGS)
    return float(pairs["probability"][0].as_py()) if len(pairs) else 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"family_name_key": "fergusson"},
        {"given_name_key": "ferguson", "family_name_key": "emma"},
        {"clean_birth_date": dt.date(1984, 3, 11)},
        {"clean_birth_date": None},
        {"phone_e164": "+33123456789"},
        {"phone_e164": None, "street_key": None, "house_number": None},
        {"family_name_key": "novak"},
    ],
    ids=str,
)
def test_a_person_who_is_written_differently_is_still_found(changes: dict[str, Any]):
    assert probability(EMMA, **changes) >= LINK_FROM


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name_key": "oliver", "gender": "male", "clean_birth_date": dt.date(1981, 9, 2)},
        {"given_name_key": "isla", "clean_birth_date": dt.date(2012, 1, 30)},
        {"given_name_key": "amelia"},
        {"given_name_key": "oliver", "gender": "male", "clean_birth_date": None},
        {"clean_birth_date": dt.date(1956, 11, 8)},
    ],
    ids=["spouse", "child", "twin", "spouse of unknown age", "mother of the same name"],
)
def test_who_shares_house_telephone_and_family_name_is_somebody_else(changes: dict[str, Any]):
    assert probability(EMMA, **changes) == 0


def test_a_namesake_is_somebody_else():
    elsewhere = {
        "clean_birth_date": dt.date(1969, 12, 1),
        "street_key": "church road",
        "house_number": "7",
        "postal_code_key": "zz877aa",
        "city_key": "cardiff",
        "phone_e164": "+442079460999",
    }
    assert probability(EMMA, **elsewhere) == 0
    assert probability(EMMA, **{**elsewhere, "clean_birth_date": None}) < LINK_FROM


def test_a_shared_telephone_or_mailbox_is_not_enough():
    contact = {"clean_email": "info@shop.example", "is_role_email": True, "phone_e164": "+441"}
    one = {"customer_type": "person", "given_name_key": "emma", "family_name_key": "baker"}
    other = {**one, "given_name_key": "emily", "family_name_key": "marsh"}
    pairs = customer_pairs(table({**one, **contact}, {**other, **contact}), WEIGHTS, SETTINGS)
    assert len(pairs) == 0


def test_other_characters_are_another_name_though_they_sound_the_same():
    wang = {**EMMA, "family_name_key": "wang", "given_name_key": "fang", "han_name": "王芳"}
    assert probability(wang) >= LINK_FROM
    assert probability(wang, han_name="王方") == 0
    assert probability(wang, han_name=None) >= LINK_FROM


def test_an_organisation_is_found_and_its_neighbour_is_not():
    assert probability(NOVAK, name_key="feinkost novack") >= LINK_FROM
    assert probability(NOVAK, name_key="hansen spedition") == 0
    assert probability({**NOVAK, "clean_tax_code": "DE1"}, clean_tax_code="DE2999") == 0


def test_a_person_is_never_an_organisation():
    both = {**NOVAK, **EMMA}
    assert probability(both) >= LINK_FROM
    assert probability(both, customer_type="organisation") == 0


def test_more_records_change_no_pair_that_was_there():
    known = benchmarks.febrl(1).records
    before = customer_pairs(known, WEIGHTS, SETTINGS)
    after = customer_pairs(
        pa.concat_tables([known, benchmarks.febrl(2).records]), WEIGHTS, SETTINGS
    )
    keys = known["record_key"]
    among_known = pc.and_(
        pc.is_in(after["record_key_l"], keys), pc.is_in(after["record_key_r"], keys)
    )
    assert len(before) > 450
    assert len(after) > 2000
    assert after.filter(among_known).equals(before)


def test_neither_the_order_of_records_nor_the_number_of_threads_matters():
    records = benchmarks.febrl(1).records
    order = list(range(len(records)))
    random.Random(5).shuffle(order)
    one = customer_pairs(records, WEIGHTS, SETTINGS, Resources(threads=1))
    other = customer_pairs(records.take(order), WEIGHTS, SETTINGS, Resources(threads=3))
    assert len(one) > 450
    assert other.equals(one)


def test_evidence_says_what_agreed_and_repeats_nothing_personal():
    pairs = customer_pairs(table(EMMA, {**EMMA, "gender": "male"}), WEIGHTS, SETTINGS)
    assert pairs["evidence"].to_pylist() == [
        "family_name=exact; given_name=exact; birth_date=exact; address=same_house;"
        " phone=exact_in_one_house; gender=different"
    ]


def test_only_pairs_worth_keeping_are_kept_each_once_with_the_smaller_key_first():
    pairs = customer_pairs(table(EMMA, EMMA, EMMA), WEIGHTS, SETTINGS)
    assert pairs.schema == PAIRS
    keys = zip(pairs["record_key_l"].to_pylist(), pairs["record_key_r"].to_pylist(), strict=True)
    assert list(keys) == [(1, 2), (1, 3), (2, 3)]
    doubtful = {**EMMA, "phone_e164": None, "clean_birth_date": None, "gender": None}
    unsure = {**doubtful, "postal_code_key": "zz877aa"}
    strict = pa.Table.from_pylist([{"is_on": True, "prior": 1e-6, "keep_from": 0.999}])
    assert len(customer_pairs(table(doubtful, unsure), WEIGHTS, SETTINGS)) == 1
    assert len(customer_pairs(table(doubtful, unsure), WEIGHTS, strict)) == 0


def test_with_no_records_or_switched_off_there_are_no_pairs_and_splink_is_not_imported():
    program = """
import sys
import pyarrow as pa
from test_matching import EMMA, SCHEMA, SETTINGS, WEIGHTS, table
from crm.identity.matching import PAIRS, customer_pairs
off = pa.Table.from_pylist([{"is_on": False, "prior": 1e-6, "keep_from": 0.5}])
assert customer_pairs(SCHEMA.empty_table(), WEIGHTS, SETTINGS).equals(PAIRS.empty_table())
assert customer_pairs(table(EMMA, EMMA), WEIGHTS, off).equals(PAIRS.empty_table())
print("splink" in sys.modules)
assert len(customer_pairs(table(EMMA, EMMA), WEIGHTS, SETTINGS)) == 1
print("splink" in sys.modules)
"""
    paths = [str(PROJECT_ROOT), str(PROJECT_ROOT / "tests"), str(PROJECT_ROOT / "tests/identity")]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_weights_of_other_levels_than_those_compared_are_refused_with_what_to_do():
    with pytest.raises(StaleWeightsError, match=r"organisation\.phone\.different") as missing:
        customer_pairs(table(EMMA, EMMA), WEIGHTS.slice(0, len(WEIGHTS) - 1), SETTINGS)
    assert "crm identity train" in missing.value.fix
    rows = WEIGHTS.to_pylist()
    rows[0]["m_probability"] = 0.5
    with pytest.raises(StaleWeightsError):
        customer_pairs(table(EMMA, EMMA), pa.Table.from_pylist(rows), SETTINGS)
    assert len(customer_pairs(table(EMMA, EMMA), WEIGHTS, SETTINGS)) == 1


def test_what_agrees_better_weighs_more():
    rows = {(row["model"], row["comparison"], row["level"]): row for row in WEIGHTS.to_pylist()}
    for model in MODELS:
        for comparison in model.comparisons:
            first = rows[model.name, comparison.name, comparison.level_names[0]]
            last = rows[model.name, comparison.name, "different"]
            assert first["m_probability"] > first["u_probability"], comparison.name
            assert last["m_probability"] < last["u_probability"], comparison.name


def test_the_model_scores_the_records_of_the_warehouse(project: Project):
    records = table(EMMA, {**EMMA, "family_name_key": "fergusson"}, NOVAK)
    pairs = Warehouse(project, {"customer_records": records}).table("customer_pairs")
    assert pairs[["record_key_l", "record_key_r", "model"]].to_numpy().tolist() == [
        [1, 2, "person"]
    ]
    assert list(pairs.columns) == PAIRS.names
