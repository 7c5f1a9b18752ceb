"""What the last build made of a model that goes on from there.

Whether it may be gone on from is for the caller to know.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa


def last_built(con: duckdb.DuckDBPyConnection, relation: Any) -> pa.Table | None:
    """The table's rows, None where there is no such table.

    `relation` has `database`, `schema` and `identifier`, and names itself in SQL as text.
    """
    found = con.execute(
        "select 1 from duckdb_tables()"
        " where database_name = ? and schema_name = ? and table_name = ?",
        [relation.database, relation.schema, relation.identifier],
    ).fetchone()
    return con.query(f"select * from {relation}").to_arrow_table() if found else None
