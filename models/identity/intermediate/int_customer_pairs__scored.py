"""What probable pairs are among the records, kept from build to build for what has not changed."""

from typing import Any

from crm.identity.comparisons import COMPARED
from crm.identity.last_build import last_built
from crm.identity.matching import Resources
from crm.identity.rescoring import scored_pairs


def model(dbt: Any, session: Any) -> Any:
    """As `crm.identity.rescoring.SCORED`, with the threads and the memory that this build has."""
    threads, memory = session.execute(
        "select current_setting('threads'), current_setting('memory_limit')"
    ).fetchone()
    return scored_pairs(
        dbt.ref("customer_records").project(", ".join(COMPARED)).to_arrow_table(),
        dbt.ref("match_weights").to_arrow_table(),
        dbt.ref("match_settings").to_arrow_table(),
        last_built(session, dbt.this),
        Resources(threads=threads, memory_limit=memory),
    )
