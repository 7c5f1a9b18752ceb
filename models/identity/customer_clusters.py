"""One row per record that is not its customer's only one, with the cluster that it belongs to."""

from typing import Any

from crm.identity.clusters import clusters


def model(dbt: Any, session: Any) -> Any:
    """`record_key` and `cluster_key`, of the edges as they stand."""
    (limit,) = dbt.ref("identity_settings").project("max_records_per_customer").fetchone()
    edges = dbt.ref("customer_edges").project("record_key_l, record_key_r, strength")
    return clusters(edges.to_arrow_table(), dbt.ref("customer_separations").to_arrow_table(), limit)
