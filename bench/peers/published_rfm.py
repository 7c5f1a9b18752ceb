"""The published marts: the totals that every other script's are held against."""

from __future__ import annotations

import sys

import duckdb

from bench.peers.totals import show

QUERY = """
select count(*), sum(recency_days), sum(frequency), sum(monetary_amount)
from rfm.rfm_customers
where as_of_date = $as_of::date
"""


def main(marts: str, as_of: str) -> None:
    """Read what readers read."""
    with duckdb.connect(marts, read_only=True) as con:
        row = con.execute(QUERY, {"as_of": as_of}).fetchone()
    if row:
        show(*row)


if __name__ == "__main__":
    main(*sys.argv[1:])
