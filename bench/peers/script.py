"""The hand-written script: `script.sql` into a database file of its own, removed afterwards."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb

from bench.peers.totals import THREADS, WINDOW_DAYS, show


def main(folder: str, as_of: str) -> None:
    """Run the script in a scratch folder of the machine's own."""
    with tempfile.TemporaryDirectory() as scratch:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": THREADS, "memory_limit": "8GB", "preserve_insertion_order": False,
        }  # fmt: skip
        with duckdb.connect(str(Path(scratch) / "script.duckdb"), config=config) as con:
            con.execute("set variable raw = $raw", {"raw": f"{folder}/*.parquet"})
            con.execute("set variable as_of = $as_of::date", {"as_of": as_of})
            con.execute(f"set variable window_days = {WINDOW_DAYS}")
            con.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
            row = con.execute(
                "select count(*), sum(recency_days), sum(frequency), sum(monetary_amount) "
                "from rfm_customer_months where snapshot_on = getvariable('as_of')"
            ).fetchone()
    if row:
        show(*row)


if __name__ == "__main__":
    main(*sys.argv[1:])
