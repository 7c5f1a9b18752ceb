"""Customer records and golden customers by hand, as identity hands them to what rests on it.

Stands in for the linking and the surviving of values: a test says which records are one customer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from harness import Project, Warehouse

from crm.contracts import load_feeds

AS_OF = dt.date(2026, 1, 20)
Row = Mapping[str, Any]

_FEED = {column.name: column.data_type for column in load_feeds()["customers"].columns}
_KEYS = {"system": "string", "record_key": "bigint", "load_id": "bigint"}
_LINE = {"source_line_number": "bigint"}
VERSIONS = {**_KEYS, **_LINE, "is_current": "boolean", "is_withdrawn": "boolean", **_FEED}
RECORDS = {
    **{name: kind for name, kind in VERSIONS.items() if not name.startswith("is_")},
    **dict.fromkeys(
        ("clean_email", "phone_e164", "mobile_e164", "fax_e164", "clean_tax_code", "country_code"),
        "string",
    ),
    "clean_birth_date": "date",
    "is_role_email": "boolean",
    "is_placeholder_email": "boolean",
}
LINKS = {
    "system": "string",
    "customer_id": "string",
    "record_key": "bigint",
    "customer_key": "bigint",
    "first_seen_on": "date",
}
CUSTOMERS = {
    **{name: kind for name, kind in _FEED.items() if name not in ("is_deleted", "updated_at")},
    "customer_key": "bigint",
    "system": "string",
    "customer_status": "string",
    "is_inferred": "boolean",
    "parent_customer_key": "bigint",
    "organisation_key": "bigint",
    "first_order_on": "date",
    "last_order_on": "date",
    "birth_year": "integer",
}
LINES = {
    "customer_key": "bigint",
    "system": "string",
    "order_id": "string",
    "net_amount_reporting": "decimal(18,4)",
    "is_return": "boolean",
    "is_merchandise": "boolean",
}
CLOCK = {"as_of_date": "date", "known_at": "bigint", "reporting_currency": "string"}


def record(number: int, customer: int | None = None, **says: Any) -> dict[str, Any]:
    """Record `number` of system `a`, id `c<number>`, of the customer with that key or its own."""
    return {
        "record_key": number,
        "customer_key": customer or number,
        "system": "a",
        "customer_id": f"c{number}",
        "load_id": 1,
        "source_line_number": number + 1,
        "is_current": True,
        "is_withdrawn": False,
        "first_seen_on": dt.date(2025, 1, 1),
        **says,
    }


def warehouse(
    project: Project, records: Iterable[Row], lines: Iterable[Row] = (), **given: str
) -> Warehouse:
    """The warehouse on some records. A customer says what the first of its records says.

    `given` are further tables, or other ones than those that are made here.
    """
    records = list(records)
    key_of = {(row["system"], row["customer_id"]): row["customer_key"] for row in records}
    customers: dict[int, dict[str, Any]] = {}
    for row in records:
        customers.setdefault(
            row["customer_key"],
            {
                **row,
                "customer_type": row.get("customer_type", "unknown"),
                "parent_customer_key": key_of.get((row["system"], row.get("parent_customer_id"))),
                "organisation_key": key_of.get((row["system"], row.get("organisation_id"))),
            },
        )
    return Warehouse(
        project,
        {
            "clock": query([{"as_of_date": AS_OF, "reporting_currency": "GBP"}], CLOCK),
            "customer_links": query(records, LINKS),
            "customer_record_versions": query(records, VERSIONS),
            "customer_records": query(records, RECORDS),
            "dim_customers": query(
                [*customers.values(), {"customer_key": -1, "customer_type": "unattributed"}],
                CUSTOMERS,
            ),
            "fct_order_lines": query(lines, LINES),
            **given,
        },
    )


def query(rows: Iterable[Row], kinds: Mapping[str, str]) -> str:
    """The rows as the text of a query with these columns; what a row does not say is null."""
    names = ", ".join(kinds)
    texts = [f"({', '.join(_literal(row.get(name)) for name in kinds)})" for row in rows]
    where = "" if texts else " where false"
    values = ", ".join(texts) or f"({', '.join(['null'] * len(kinds))})"
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in kinds.items())
    return f"select {casts} from (values {values}) as given_values ({names}){where}"


def found(warehouse: Warehouse, model: str, *columns: str) -> list[tuple[Any, ...]]:
    """The chosen columns of a model's rows, in order; every data test on the model holds."""
    warehouse.build(model)
    relation = warehouse.project.node(model).relation
    for test in warehouse.project.tests_of(model):
        assert warehouse.failures(test) == 0, test
    sql = f"select {', '.join(columns)} from {relation} order by all"
    return warehouse.con.execute(sql).fetchall()


def faults_after(warehouse: Warehouse, model: str, test: str, change: str) -> int:
    """How many rows the data test whose name begins with `test` finds, once `change` is done.

    `change` is an SQL statement with `{}` for the model. The test holds before it.
    """
    relation = warehouse.build(model).project.node(model).relation
    (name,) = (name for name in warehouse.project.tests_of(model) if name.startswith(test))
    assert warehouse.failures(name) == 0
    warehouse.con.execute(change.format(relation))
    return warehouse.failures(name)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return "'" + str(value).replace("'", "''") + "'"
