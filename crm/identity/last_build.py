"""What the last build made of a model that goes on from there.

Whether it may be gone on from is for the caller to know.
"""

from __future__ import annotations

from typing import Protocol

import duckdb
import pyarrow as pa


class Relation(Protocol):
    """A table's full name; as text it is the name as SQL writes it."""

    database: str
    schema: str
    identifier: str


def last_built(con: duckdb.DuckDBPyConnection, relation: Relation) -> pa.Table | None:
    """The table's rows, None where there is no such table."""
    found = con.execute(
        "select 1 from duckdb_tables()"
        " where database_name = ? and schema_name = ? and table_name = ?",
        [relation.database, relation.schema, relation.identifier],
    ).fetchone()
    return con.query(f"select * from {relation}").to_arrow_table() if found else None
