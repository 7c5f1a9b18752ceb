"""The floor: one DuckDB query that scans the order lines and sums them per customer and month."""

from __future__ import annotations

import sys

import duckdb

from bench.peers.totals import THREADS

QUERY = """
select
    customer_id,
    date_trunc('month', ordered_at) as month,
    count(*) as lines,
    sum(quantity) as quantity,
    sum(quantity * unit_price - discount_amount) as net_amount
from read_parquet($raw)
group by all
"""


def sum_up(con: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Make the table `customer_months` of the Parquet files in a folder."""
    con.execute(f"create table customer_months as {QUERY}", {"raw": f"{folder}/*.parquet"})


if __name__ == "__main__":
    with duckdb.connect(config={"threads": THREADS}) as connection:
        sum_up(connection, sys.argv[1])
