"""Telephone numbers, tax codes and Han characters, cleaned by their libraries."""

from typing import Any

from crm.identity.cleaning import clean


def model(dbt: Any, session: Any) -> Any:
    """One row per text to be cleaned: what the last build made where it still holds, else anew."""
    found = session.execute(
        "select count(*) from duckdb_tables() "
        "where database_name = ? and schema_name = ? and table_name = ?",
        [dbt.this.database, dbt.this.schema, dbt.this.identifier],
    )
    (is_built,) = found.fetchone()
    return clean(
        dbt.ref("int_customer_texts__listed").to_arrow_table(),
        session.query(f"select * from {dbt.this}").to_arrow_table() if is_built else None,
        dbt.ref("placeholder_values").to_arrow_table(),
        dbt.ref("han_surnames").to_arrow_table(),
    )
