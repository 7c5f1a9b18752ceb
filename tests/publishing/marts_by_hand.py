"""Small marts by hand, with a build number in every table, and what dbt would say of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb

from crm.publication.publishing import Clock, Contract, Publication, contract_from_manifest, publish
from crm.settings import Settings

CLOCK = Clock(as_of_date=dt.date(2026, 11, 21), known_at=7)
NOW = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)
TABLES = {
    "core.fct_orders": {
        "order_id": "bigint",
        "customer_key": "bigint",
        "build_number": "integer",
        "ordered_at": "timestamptz",
        "net_amount": "decimal(18,4)",
        "share_ratio": "double",
    },
    "rfm.rfm_customers": {"customer_key": "bigint", "build_number": "integer", "segment": "text"},
    "quality.loads": {"load_id": "bigint", "build_number": "integer"},
}


def settings_of(home: Path, **changed: Any) -> Settings:
    return Settings(**{"home": home, "memory_limit": "1GB", "lock_wait_seconds": 0.0, **changed})


def dbt_manifest() -> dict[str, Any]:
    """The part of dbt's manifest.json that a contract is read from; change it and read it."""
    nodes: dict[str, Any] = {}
    for table, columns in TABLES.items():
        schema, name = table.split(".")
        nodes[f"model.crm.{name}"] = {
            "resource_type": "model",
            "database": "marts",
            "schema": schema,
            "name": name,
            "alias": name,
            "version": None,
            "config": {"materialized": "table", "meta": {}},
            "columns": {
                column: {"name": column, "data_type": type_, "meta": {}, "config": {"meta": {}}}
                for column, type_ in columns.items()
            },
        }
    nodes["model.crm.stg"] = {
        "database": "build", "schema": "staging", "name": "stg", "columns": {}, "config": {}
    }  # fmt: skip
    return {"nodes": nodes}


def contract() -> Contract:
    return contract_from_manifest(dbt_manifest())


def build(settings: Settings, number: int, rows: int = 1000, quality: int | None = None) -> Path:
    """Write build/marts.duckdb whole; `quality` numbers quality.loads apart from the rest."""
    settings.build.mkdir(parents=True, exist_ok=True)
    file = settings.build / "marts.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(file, config={"threads": 1}) as connection:
        connection.execute(
            f"""
            create schema core; create schema rfm; create schema quality;
            create table core.fct_orders as
                select i as order_id, i % 100 as customer_key, {number}::integer as build_number,
                    timestamptz '2026-01-01 00:00:00+00' + to_hours(i::integer) as ordered_at,
                    (i * 1.25)::decimal(18,4) as net_amount, i / 3.0::double as share_ratio
                from range({rows}) as t(i);
            create table rfm.rfm_customers as
                select i as customer_key, {number}::integer as build_number, 'new' as segment
                from range({rows // 10}) as t(i);
            create table quality.loads as
                select i as load_id, {number if quality is None else quality}::integer
                    as build_number
                from range(3) as t(i);
            comment on table core.fct_orders is 'One row per order.';
            comment on column core.fct_orders.net_amount is 'After discount.';
            """
        )
    return file


def change(settings: Settings, sql: str) -> None:
    with duckdb.connect(settings.build / "marts.duckdb", config={"threads": 1}) as connection:
        connection.execute(sql)


def publish_now(settings: Settings, minutes: int = 0, of: Contract | None = None) -> Publication:
    now = NOW + dt.timedelta(minutes=minutes)
    return publish(settings, f"run-{minutes}", CLOCK, of or contract(), now)


def seen(settings: Settings) -> int:
    """The build number that a reader of the published file sees, the same in every table."""
    with duckdb.connect(settings.published / "marts.duckdb", read_only=True) as connection:
        numbers = connection.execute(
            "select distinct build_number from (from (select build_number from"
            " marts.core.fct_orders) union all (select build_number from marts.rfm.rfm_customers)"
            " union all (select build_number from marts.quality.loads))"
        ).fetchall()
    assert len(numbers) == 1, f"a reader saw several builds at once: {numbers}"
    return int(numbers[0][0])
