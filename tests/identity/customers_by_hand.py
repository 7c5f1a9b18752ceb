"""Customer records by hand, put under the models where the feeds and the links would stand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from golden_by_hand import Record, Version
from harness import Project, Warehouse

from crm.contracts import load_feeds

AS_OF = dt.date(2026, 3, 31)
MORNING = dt.time(6, tzinfo=dt.UTC)
_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "decimal(18,4)": pa.decimal128(18, 4),
}
_COLUMNS = {column.name: _TYPES[column.data_type] for column in load_feeds()["customers"].columns}
_JUDGED = pa.schema(
    {
        "load_id": pa.int64(),
        "source_line_number": pa.int64(),
        "system": pa.string(),
        **_COLUMNS,
        "verdict": pa.string(),
        "superseded_because": pa.string(),
    }
)
_DELIVERIES = pa.schema(
    {"load_id": pa.int64(), "precedence": pa.int64(), "delivered_at": pa.timestamp("us")}
)


def record_key(record: Record) -> int:
    """The key of a source record: 60 bits of the MD5 of its system and id."""
    text = "|".join(record).encode()
    return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:15], 16)


def warehouse_of(
    project: Project,
    versions: Sequence[Version],
    customers: Iterable[Mapping[Record, dt.date]],
    trust: Mapping[str, int] | None = None,
    **given: str,
) -> Warehouse:
    """A warehouse of these customers: each its records, and since when each of them is known.

    The first record of a customer gives the key. Every version is a delivery of its own, numbered
    in the order given. Systems that `trust` names are trusted as much as it says.
    """
    tables: dict[str, pa.Table | str] = {
        "customers_judged": _judged(versions),
        "raw.deliveries": pa.Table.from_pylist(
            [
                {
                    "load_id": load_id,
                    "precedence": version.precedence,
                    "delivered_at": dt.datetime.combine(version.delivered_on, MORNING),
                }
                for load_id, version in enumerate(versions, start=1)
            ],
            schema=_DELIVERIES,
        ),
        "customer_links": _links(customers),
        "customer_mentions": "select system, customer_id, record_key, first_seen_on "
        "from build.identity.customer_links",
        "clock": f"select date '{AS_OF}' as as_of_date, 'GBP' as reporting_currency",
    }
    warehouse = Warehouse(project, {**tables, **given}).build("customer_record_versions")
    for system, rank in (trust or {}).items():
        warehouse.con.execute(
            "update build.identity.customer_record_versions set trust_rank = ? where system = ?",
            [rank, system],
        )
    return warehouse


def _judged(versions: Sequence[Version]) -> pa.Table:
    rows = [
        {
            "load_id": load_id,
            "source_line_number": 1,
            "system": version.system,
            "customer_id": version.customer_id,
            "updated_at": version.updated_at,
            "is_deleted": version.is_deleted or None,
            "verdict": "accepted",
            **version.values,
        }
        for load_id, version in enumerate(versions, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=_JUDGED)


def _links(customers: Iterable[Mapping[Record, dt.date]]) -> str:
    rows: list[Any] = [
        f"('{record[0]}', '{record[1]}', {record_key(record)}, {record_key(next(iter(records)))}, "
        f"date '{since}')"
        for records in customers
        for record, since in records.items()
    ]
    return (
        f"select * from (values {', '.join(rows)}) "
        "as t(system, customer_id, record_key, customer_key, first_seen_on)"
    )
