"""The warehouse's own customer-days: R, F and M of every customer at one date, from them."""

from __future__ import annotations

import sys

import duckdb

from bench.peers.totals import THREADS, WINDOW_DAYS, show

QUERY = """
select
    customer_key,
    $as_of::date - max(ordered_on) filter (is_occasion) as recency_days,
    count(*) filter (is_occasion) as frequency,
    sum(net_amount_reporting) as monetary_amount
from customer_base.customer_days
where ordered_on between $as_of::date - $window_days + 1 and $as_of::date
group by customer_key
having count(*) filter (is_occasion) > 0
"""


def main(database: str, as_of: str) -> None:
    """Read the build's database, which nobody writes meanwhile."""
    with duckdb.connect(database, read_only=True, config={"threads": THREADS}) as con:
        values = {"as_of": as_of, "window_days": WINDOW_DAYS}
        con.execute(f"create temp table rfm as {QUERY}", values)
        row = con.execute(
            "select count(*), sum(recency_days), sum(frequency), sum(monetary_amount) from rfm"
        ).fetchone()
    if row:
        show(*row)


if __name__ == "__main__":
    main(*sys.argv[1:])
