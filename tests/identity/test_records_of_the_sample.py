"""What was planted in the sample company's customer records is found by the models."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import Project, Warehouse
from records_by_hand import found, query

from crm.contracts import load_tables
from crm.lake.ingestion import ingest
from crm.sample import write_sample
from crm.settings import Settings

PAIRS = {
    "record_key_l": "bigint",
    "record_key_r": "bigint",
    "probability": "double",
    "evidence": "string",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of six blocks of fifty customers, and the truth about them."""
    settings = Settings(home=tmp_path_factory.mktemp("records"), settle_seconds=0)
    write_sample(settings, customers=300, orders=600)
    for folder in (settings.landing / "standard").iterdir():
        if folder.name != "customers":
            shutil.rmtree(folder)
    ingest(settings, load_tables(settings), dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    return settings.home


@pytest.fixture(scope="module")
def sample(home: Path, project: Project) -> Warehouse:
    """The warehouse on those records; what is only probably one is left apart."""
    warehouse = Warehouse(project, {"customer_pairs": query([], PAIRS)})
    warehouse.register_raw(Settings(home=home))
    return warehouse


def truth(home: Path, what: str) -> list[tuple[Any, ...]]:
    return duckdb.sql(f"from '{home}/truth/{what}.parquet'").fetchall()


def listed(sample: Warehouse, reason: str) -> set[str]:
    rows = found(sample, "outdated_customer_values", "system", "customer_id", "reason")
    return {
        customer_id for system, customer_id, why in rows if (system, why) == ("standard", reason)
    }


def test_the_planted_hierarchy_is_found(home: Path, sample: Warehouse) -> None:
    records = found(sample, "dim_customer_records", "system", "customer_id", "customer_key")
    key = {customer_id: own for system, customer_id, own in records if system == "standard"}
    planted = {
        (key[own], key[top], depth, "none" if above is None else "followed")
        for own, above, top, depth in truth(home, "hierarchy")
    }
    assert Counter(depth for _, _, depth, _ in planted) == {0: 2, 1: 10, 2: 12}
    columns = ("customer_key", "ultimate_parent_key", "depth", "parent_status")
    assert planted <= set(found(sample, "customer_hierarchy", *columns))


def test_of_the_social_credit_codes_those_planted_wrong_are_to_be_cleaned_up(
    home: Path, sample: Warehouse
) -> None:
    countries = dict(found(sample, "dim_customers", "customer_id", "country"))
    # A code is checked by the rules of its record's country.
    planted = {
        customer_id: is_valid
        for customer_id, _, is_valid in truth(home, "tax_codes")
        if countries[customer_id] == "China"
    }
    wrong = {customer_id for customer_id, is_valid in planted.items() if not is_valid}
    assert len(wrong) == 2
    assert len(planted) > 5
    assert listed(sample, "wrong_tax_code") & set(planted) == wrong


def test_mailboxes_of_roles_and_placeholders_are_to_be_cleaned_up(sample: Warehouse) -> None:
    for reason, ending in (("role_mailbox", ("20", "21")), ("placeholder_email", ("24",))):
        places = {f"{int(customer_id[1:]) % 50}" for customer_id in listed(sample, reason)}
        assert places == set(ending), reason


def test_every_customer_of_a_known_type_is_rated(sample: Warehouse) -> None:
    rows = found(
        sample, "customer_quality_summary", "customer_type", "customers", "rated_customers"
    )
    assert {kind for kind, *_ in rows} >= {"person", "organisation"}
    assert all(rated == (0 if kind == "unknown" else all_) for kind, all_, rated in rows)
