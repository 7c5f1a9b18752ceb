"""A published column is a promise: adding is fine, taking away or changing needs a new version."""

from __future__ import annotations

import datetime as dt

import pytest
from marts_by_hand import contract, dbt_manifest

from crm.publication.mart_contract import (
    MartContractError,
    contract_from_manifest,
    require_kept,
    require_no_direct_identifiers,
)

TODAY = dt.date(2026, 11, 22)


def model(manifest, name="rfm_customers"):
    return manifest["nodes"][f"model.crm.{name}"]


def changed(change):
    manifest = dbt_manifest()
    change(manifest)
    return contract_from_manifest(manifest)


def test_the_contract_has_the_models_of_the_marts_database_with_duckdbs_own_type_names():
    read = contract()
    assert sorted(read) == ["core.fct_orders", "quality.loads", "rfm.rfm_customers"]
    assert read["core.fct_orders"].columns["ordered_at"] == "TIMESTAMP WITH TIME ZONE"
    assert read["core.fct_orders"].columns["net_amount"] == "DECIMAL(18,4)"
    assert read["rfm.rfm_customers"].columns["segment"] == "VARCHAR"
    assert read["rfm.rfm_customers"].version == 1


def test_a_table_is_called_by_its_alias_and_nothing_is_promised_for_what_is_not_stored():
    def change(manifest):
        model(manifest).update(alias="customers", version="3")
        model(manifest, "loads")["config"]["materialized"] = "ephemeral"

    read = changed(change)
    assert sorted(read) == ["core.fct_orders", "rfm.customers"]
    assert read["rfm.customers"].version == 3
    assert read["rfm.customers"].model == "rfm_customers"


@pytest.mark.parametrize(
    ("type_", "told"), [(None, "has no data_type"), ("monies", "'monies', which DuckDB does not")]
)
def test_a_column_without_a_known_type_is_refused(type_, told):
    def change(manifest):
        model(manifest)["columns"]["segment"]["data_type"] = type_

    with pytest.raises(MartContractError, match=rf"rfm\.rfm_customers\.segment .*{told}"):
        changed(change)


def test_a_version_that_is_no_number_is_refused():
    with pytest.raises(MartContractError, match="'latest'"):
        changed(lambda manifest: model(manifest).update(version="latest"))


def test_adding_tables_and_columns_keeps_the_promise():
    def without_some(manifest):
        del manifest["nodes"]["model.crm.loads"]
        del model(manifest)["columns"]["segment"]

    require_kept(changed(without_some), contract(), TODAY)


def drop_column(manifest):
    del model(manifest)["columns"]["segment"]


def change_type(manifest):
    model(manifest)["columns"]["segment"]["data_type"] = "integer"


def drop_table(manifest):
    del manifest["nodes"]["model.crm.rfm_customers"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop_column, r"column rfm\.rfm_customers\.segment is published and would be gone"),
        (change_type, r"rfm_customers\.segment is published as VARCHAR and would become INTEGER"),
        (drop_table, r"table rfm\.rfm_customers is published and would be gone"),
    ],
)
def test_a_broken_promise_is_refused_unless_the_models_version_rose(change, told):
    with pytest.raises(MartContractError, match=told + r".*rfm_customers a new version \(2\)"):
        require_kept(contract(), changed(change), TODAY)

    def with_new_version(manifest):
        manifest["nodes"]["model.crm.next"] = {
            **model(manifest), "alias": "rfm_customers_v2", "version": 2
        }  # fmt: skip
        if change is drop_table:
            change(manifest)
        else:
            model(manifest)["version"] = 2
            change(manifest)

    require_kept(contract(), changed(with_new_version), TODAY)


def test_an_old_version_that_is_still_published_keeps_its_promise_beside_the_new_one():
    def change(manifest):
        manifest["nodes"]["model.crm.next"] = {
            **model(manifest), "alias": "rfm_customers_v2", "version": 2
        }  # fmt: skip
        model(manifest)["columns"] = dict(model(manifest)["columns"])
        drop_column(manifest)

    with pytest.raises(MartContractError, match=r"rfm\.rfm_customers\.segment"):
        require_kept(contract(), changed(change), TODAY)


def test_a_table_published_with_a_deprecation_date_may_go_from_that_day_on():
    def retire(manifest):
        model(manifest)["deprecation_date"] = "2026-11-22T00:00:00+00:00"

    published, new = changed(retire), changed(drop_table)
    require_kept(published, new, TODAY)
    with pytest.raises(MartContractError, match="would be gone"):
        require_kept(published, new, TODAY - dt.timedelta(days=1))


@pytest.mark.parametrize("place", ["meta", "config"])
def test_a_direct_identifier_is_refused_wherever_its_tag_stands(place):
    def tag(value):
        def change(manifest):
            column = model(manifest)["columns"]["segment"]
            (column if place == "meta" else column["config"])["meta"] = {"pii": value}

        return changed(change)

    require_no_direct_identifiers(tag("pseudonym"))
    assert tag("pseudonym")["rfm.rfm_customers"].pii == {"segment": "pseudonym"}
    with pytest.raises(MartContractError, match=r"rfm\.rfm_customers\.segment .*pii: direct"):
        require_no_direct_identifiers(tag("direct"))
