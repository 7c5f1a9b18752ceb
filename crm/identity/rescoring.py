"""Scores a pair again only when one of its records has changed, and keeps all other scores.

It may: a pair's blocks, its probability and whether it is refused rest on its two records alone,
and the weights never follow the data. How a pair is scored is `matching.py`'s; that earlier scores
rest on the same code and seeds is for the caller to know.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from crm.identity.comparisons import COMPARED
from crm.identity.matching import PAIRS, Resources, customer_pairs

SCORED = PAIRS.append(pa.field("compared", pa.string()))


def scored_pairs(
    records: pa.Table,
    weights: pa.Table,
    settings: pa.Table,
    known: pa.Table | None = None,
    resources: Resources | None = None,
) -> pa.Table:
    """The probable pairs among rows of `customer_records`, with what is needed to go on from them.

    Rows of `SCORED`: the pairs as in `PAIRS`, and each record as a pair of itself with a digest of
    what is compared of it, `compared`. `known` is an earlier result and decides only how much is
    to be done. `weights` and `settings` are the seeds.
    """
    with duckdb.connect() as con:
        con.register("records", records.select(COMPARED))
        con.register("known", SCORED.empty_table() if known is None else known)
        con.execute(
            "create table compared as"
            " select record_key, md5(cast(to_json(r) as varchar)) as compared from records as r"
        )
        con.execute(
            "create table unchanged as select record_key from compared semi join"
            " (select record_key_l as record_key, compared from known"
            " where record_key_l = record_key_r) using (record_key, compared)"
        )
        changed = con.execute(
            "select record_key from compared anti join unchanged using (record_key)"
        ).to_arrow_table()
        kept = con.execute(
            f"select {', '.join(PAIRS.names)} from known where record_key_l <> record_key_r"
            " and record_key_l in (from unchanged) and record_key_r in (from unchanged)"
        ).to_arrow_table()
        alone = con.execute(
            "select record_key as record_key_l, record_key as record_key_r, compared from compared"
        ).to_arrow_table()
    is_all_new = changed.num_rows == records.num_rows
    new = customer_pairs(records, weights, settings, resources, None if is_all_new else changed)
    found = pa.concat_tables([kept, new, alone], promote_options="default")
    return found.select(SCORED.names).cast(SCORED)
