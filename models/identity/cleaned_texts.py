"""Telephone numbers, tax codes and Han characters, cleaned by their libraries."""

from typing import Any

from crm.identity.cleaning import clean
from crm.identity.last_build import last_built


def model(dbt: Any, session: Any) -> Any:
    """One row per text to be cleaned: what the last build made where it still holds, else anew."""
    return clean(
        dbt.ref("int_customer_texts__listed").to_arrow_table(),
        last_built(session, dbt.this),
        dbt.ref("placeholder_values").to_arrow_table(),
        dbt.ref("han_surnames").to_arrow_table(),
    )
