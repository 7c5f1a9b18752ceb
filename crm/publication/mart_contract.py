"""What the published tables promise: their columns, types, versions and personal data.

Read from dbt's manifest file (not through dbt), compared with what was promised last and with what
is really there. Feeds' input contracts live in `contracts.py`, the publishing in `publishing.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from crm.errors import CrmError

MARTS_DATABASE = "marts"
_STORED = ("table", "incremental", "snapshot", "seed")


class MartContractError(CrmError):
    """The marts' contract is broken, incomplete, or not what was built."""


@dataclass(frozen=True)
class TableContract:
    """One published table's promise. Types are DuckDB's canonical names; `pii` tags by column."""

    model: str
    version: int
    columns: Mapping[str, str]
    pii: Mapping[str, str]
    retires_on: dt.date | None = None


Contract = Mapping[str, TableContract]
"""Promises by `schema.table`."""


def contract_from_manifest(manifest: Mapping[str, Any]) -> Contract:
    """The contract that the models of the database `marts` declare in dbt's `manifest.json`.

    Raises `MartContractError` for a column without a type, or with one that DuckDB does not know.
    """
    contract = {}
    for node in manifest["nodes"].values():
        stored = node.get("config", {}).get("materialized") in _STORED
        if stored and node.get("database") == MARTS_DATABASE:
            table = f"{node['schema']}.{node.get('alias') or node['name']}"
            contract[table] = _table_contract(table, node)
    return contract


def require_kept(published: Contract, new: Contract, today: dt.date) -> None:
    """Raise `MartContractError` where `new` breaks a promise of `published`.

    Broken is a table or column that is gone or a type that changed, unless the model's version
    rose. A table may go once the `deprecation_date` that it was published with has come.
    """
    newest: dict[str, int] = {}
    for promise in new.values():
        newest[promise.model] = max(promise.version, newest.get(promise.model, 0))
    for table, old in published.items():
        fix = f"Give the model {old.model} a new version ({old.version + 1}), or restore it."
        if table not in new:
            is_retired = old.retires_on is not None and old.retires_on <= today
            if newest.get(old.model, 0) <= old.version and not is_retired:
                raise MartContractError(
                    f"The table {table} is published and would be gone.",
                    fix=f"{fix} To retire it for good, publish it first with a deprecation_date.",
                )
            continue
        if new[table].version > old.version:
            continue
        for column, type_ in old.columns.items():
            now = new[table].columns.get(column)
            if now is None:
                raise MartContractError(
                    f"The column {table}.{column} is published and would be gone.", fix=fix
                )
            if now != type_:
                raise MartContractError(
                    f"The column {table}.{column} is published as {type_} and would become {now}.",
                    fix=fix,
                )


def require_no_direct_identifiers(contract: Contract) -> None:
    """Raise `MartContractError` for a column that identifies a person by itself."""
    for table, promise in contract.items():
        for column, tag in promise.pii.items():
            if tag == "direct":
                raise MartContractError(
                    f"The column {table}.{column} identifies a person directly (pii: direct).",
                    fix="Keep it in the schema private, and publish a key in its place.",
                )


def require_as_built(contract: Contract, built: Mapping[str, Mapping[str, str]]) -> None:
    """Raise `MartContractError` where the tables in the file differ from the contract.

    `built` has types by column by `schema.table`. The order of columns is not part of the promise.
    """
    for table in sorted(contract.keys() - built.keys()):
        raise MartContractError(
            f"The table {table} is in the contract and was not built.",
            fix=f"Build it: dbt build --select {contract[table].model}.",
        )
    for table in sorted(built.keys() - contract.keys()):
        raise MartContractError(
            f"The table {table} was built and is in no contract.",
            fix="Removed models leave their tables behind: crm build --full-refresh clears them.",
        )
    for table, promise in contract.items():
        for column in sorted(promise.columns.keys() | built[table].keys()):
            told, found = promise.columns.get(column), built[table].get(column)
            if told != found:
                raise MartContractError(
                    f"The column {table}.{column} is {told or 'absent'} in the contract"
                    f" and {found or 'absent'} in the table.",
                    fix=f"Mend the model {promise.model} or its contract, and build again.",
                )


def _table_contract(table: str, node: Mapping[str, Any]) -> TableContract:
    columns, pii = {}, {}
    for name, column in node.get("columns", {}).items():
        columns[name] = _canonical_type(f"{table}.{name}", column.get("data_type"))
        meta = {**column.get("meta", {}), **column.get("config", {}).get("meta", {})}
        if meta.get("pii"):
            pii[name] = str(meta["pii"])
    retires = node.get("deprecation_date")
    return TableContract(
        model=node["name"],
        version=_version(table, node.get("version")),
        columns=columns,
        pii=pii,
        retires_on=dt.datetime.fromisoformat(str(retires)).date() if retires else None,
    )


def _version(table: str, version: object) -> int:
    if version is None:
        return 1
    try:
        return int(str(version))
    except ValueError as error:
        raise MartContractError(
            f"The model of {table} has the version {version!r}.", fix="Versions are 1, 2, 3, …"
        ) from error


def _canonical_type(where: str, type_: str | None) -> str:
    if not type_:
        raise MartContractError(
            f"The column {where} has no data_type.", fix="Give it one in the model's YAML."
        )
    try:
        return str(duckdb.sqltype(type_))
    except duckdb.Error as error:
        raise MartContractError(
            f"The column {where} has the data_type '{type_}', which DuckDB does not know.",
            fix="Use one of DuckDB's types, for example decimal(18,4).",
        ) from error
