"""Records that are delivered one load after the other end as if all had been delivered at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest
from harness import Project, Warehouse
from later_builds import LaterBuilds
from records_by_hand import VERSIONS, query

Company = dict[int, dict[str, Any]]  # by record key, what the record says now

KINDS = {**VERSIONS, "trust_rank": "integer"}
KEPT = (
    "int_customer_names__formed",
    "int_customer_names__split",
    "int_customer_contacts__cleaned",
    "cleaned_texts",
    "customer_records",
    "int_customer_pairs__scored",
    "customer_pairs",
)
# Few words, so that many records say nearly the same.
SAYS: dict[str, tuple[str | None, ...]] = {
    "customer_type": ("person", "person", "person", "organisation", None),
    "full_name": (
        *("Emma Ferguson", "Ferguson, Emma", "Emma Fergusson", "Dr. Oliver Ferguson"),
        *("王伟", "Wang Wei", "Feinkost Novak GmbH", "Feinkost Novack", "n/a", None),
    ),
    "birth_date": ("1984-03-17", "1984-03-17", "1984-03-11", "1900-01-01", None),
    "email": ("emma@example.net", "office@novak.example", "none@none.example", None),
    "phone": ("020 7946 0123", "+49 40 123456", "call me", None),
    "mobile": ("07700 900123", None, None),
    "address_line": ("12 Mill Lane", "12 Mill Ln.", "Hafenstraße 3", "思远路141号", None),
    "postal_code": ("ZZ14 3AA", "20457", None),
    "city": ("Leeds", "Hamburg", "上海市", None),
    "country": ("United Kingdom", "Deutschland", "中国", None),
    "tax_code": (None, None, None, "DE136695976"),
}


def versions(company: Company) -> str:
    """The current versions of a company's records, as the text of a query."""
    rows = [
        {
            "record_key": key,
            "system": "a",
            "customer_id": f"c{key}",
            "is_current": True,
            "is_withdrawn": False,
            "trust_rank": 50,
            **says,
        }
        for key, says in company.items()
    ]
    return query(rows, KINDS)


def delivered(random_: random.Random, load_id: int, line: int) -> dict[str, Any]:
    says = {name: random_.choice(words) for name, words in SAYS.items()}
    return {**says, "load_id": load_id, "source_line_number": line}


def load(company: Company, random_: random.Random, load_id: int) -> None:
    """One load: some records are new, some say something else, some only say it again, some go."""
    for key in random_.sample(sorted(company), len(company) // 4):
        says = company[key]
        match random_.choice(("changed", "changed", "again", "withdrawn", "gone", "trusted")):
            case "changed":
                name = random_.choice(sorted(SAYS))
                says |= {name: random_.choice(SAYS[name]), "load_id": load_id}
            case "again":
                says["load_id"] = load_id
            case "withdrawn":
                says |= {"is_withdrawn": not says.get("is_withdrawn", False), "load_id": load_id}
            case "gone":
                del company[key]
            case "trusted":
                says["trust_rank"] = 60
    first = max(company) + 1
    for key in range(first, first + 5):
        company[key] = delivered(random_, load_id, key)


def whole(project: Project, company: Company) -> Warehouse:
    """A build that starts from nothing."""
    return Warehouse(project, {"customer_record_versions": versions(company)})


def assert_equal(one: Warehouse, other: Warehouse, names: Iterable[str] = KEPT) -> None:
    for name in names:
        pd.testing.assert_frame_equal(one.table(name), other.table(name), obj=name)


@pytest.mark.parametrize("seed", range(3))
def test_loads_one_after_the_other_end_as_one_build_of_all_of_them(
    project: Project, seed: int
) -> None:
    random_ = random.Random(seed)
    company = {key: delivered(random_, 1, key) for key in range(30)}
    builds = LaterBuilds(project)
    for load_id in range(2, 6):
        builds.build_on({"customer_record_versions": versions(company)}, *KEPT)
        assert_equal(builds, whole(project, company))
        load(company, random_, load_id)


@pytest.fixture
def emmas(project: Project) -> tuple[LaterBuilds, Company]:
    """Three records of one person, of whom two are found to be one by pairs; built once."""
    emma = {name: words[0] for name, words in SAYS.items()}
    company = {key: {**emma, "load_id": 1, "source_line_number": key} for key in (1, 2, 3)}
    builds = LaterBuilds(project)
    builds.build_on({"customer_record_versions": versions(company)}, *KEPT)
    return builds, company


PAIR_KEYS = "select record_key_l, record_key_r from build.identity.customer_pairs order by all"


def gone(company: Company) -> None:
    del company[3]


def withdrawn(company: Company) -> None:
    company[3] |= {"is_withdrawn": True, "load_id": 2}


def another_person(company: Company) -> None:
    company[3] |= {"full_name": "Oliver Novak", "load_id": 2}


def an_organisation(company: Company) -> None:
    company[3] |= {"customer_type": "organisation", "load_id": 2}


@pytest.mark.parametrize("change", [gone, withdrawn, another_person, an_organisation])
def test_pairs_of_a_record_that_changes_or_goes_are_gone_and_come_back_with_it(
    emmas: tuple[LaterBuilds, Company], change: Callable[[Company], None]
) -> None:
    builds, company = emmas
    before = {key: dict(says) for key, says in company.items()}
    assert builds.con.execute(PAIR_KEYS).fetchall() == [(1, 2), (1, 3), (2, 3)]
    change(company)
    builds.build_on({"customer_record_versions": versions(company)}, *KEPT)
    assert builds.con.execute(PAIR_KEYS).fetchall() == [(1, 2)]
    assert_equal(builds, whole(builds.project, company))
    builds.build_on({"customer_record_versions": versions(before)}, *KEPT)
    assert builds.con.execute(PAIR_KEYS).fetchall() == [(1, 2), (1, 3), (2, 3)]


def test_what_has_not_changed_is_neither_cleaned_nor_scored_again(
    emmas: tuple[LaterBuilds, Company],
) -> None:
    builds, company = emmas
    marked = {
        "int_customer_names__formed": "full_name = 'kept'",
        "int_customer_names__split": "clean_given_name = 'kept'",
        "int_customer_contacts__cleaned": "clean_email = 'kept'",
        "customer_records": "clean_full_name = 'kept'",
        "int_customer_pairs__scored": "evidence = 'kept'",
    }
    for name, mark in marked.items():
        builds.con.execute(f"update {builds.project.node(name).relation} set {mark}")
    company[3] |= {"mobile": None, "load_id": 2}
    builds.build_on({"customer_record_versions": versions(company)}, *KEPT)
    for name, mark in marked.items():
        relation = builds.project.node(name).relation
        key = "greatest(record_key_l, record_key_r)" if "pairs" in name else "record_key"
        rows = f"select distinct {key} = 3, {mark} from {relation}"
        if "pairs" in name:
            rows += " where record_key_l < record_key_r"
        found = builds.con.execute(f"{rows} order by all").fetchall()
        assert [(of_changed, bool(kept)) for of_changed, kept in found] == [
            (False, True),
            (True, False),
        ], name


def test_a_record_that_only_says_again_what_it_said_is_not_scored_again(
    emmas: tuple[LaterBuilds, Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    builds, company = emmas
    scored: list[int] = []
    monkeypatch.setattr("crm.identity.matching._pairs_of", lambda *_: scored.append(1))
    company[3]["load_id"] = 2
    builds.build_on({"customer_record_versions": versions(company)}, *KEPT)
    assert scored == []
    assert builds.con.execute(PAIR_KEYS).fetchall() == [(1, 2), (1, 3), (2, 3)]
