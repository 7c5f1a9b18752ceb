"""Pairs of records that are probably one customer, by what is known of them altogether."""

from typing import Any

from crm.identity.comparisons import COMPARED
from crm.identity.matching import Resources, customer_pairs


def model(dbt: Any, session: Any) -> Any:
    """As `crm.identity.matching.PAIRS`, with the threads and the memory that this build has."""
    threads, memory = session.execute(
        "select current_setting('threads'), current_setting('memory_limit')"
    ).fetchone()
    return customer_pairs(
        dbt.ref("customer_records").project(", ".join(COMPARED)).to_arrow_table(),
        dbt.ref("match_weights").to_arrow_table(),
        dbt.ref("match_settings").to_arrow_table(),
        Resources(threads=threads, memory_limit=memory),
    )
