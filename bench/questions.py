"""What an analyst asks of the published marts, and how long the answers take.

Run as a process: `python -m bench.questions <marts.duckdb>` prints one JSON object. Every answer is
asked for on a connection of its own, as a BI tool without a pool does; the file's pages are in the
system's cache.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import duckdb

ROUNDS = 5
QUESTIONS = {
    "one customer's row": """
        select *
        from core.dim_customers
        left join rfm.rfm_customers using (customer_key)
        where customer_key = (select max(customer_key) from rfm.rfm_customers)
    """,
    "customers by segment": """
        select segment, count(*) as customers, sum(monetary_amount) as amount
        from rfm.rfm_customers
        group by segment
        order by amount desc
    """,
    "segment migration of a month": """
        select from_segment, to_segment, customers
        from rfm.rfm_segment_migrations
        where month_end = (select max(month_end) from rfm.rfm_segment_migrations)
            and months_apart = 1
        order by customers desc
    """,
    "top 20 customers by money": """
        select c.customer_key, c.first_order_on, r.segment, r.frequency, r.monetary_amount
        from rfm.rfm_customers as r
        inner join core.dim_customers as c on r.customer_key = c.customer_key
        order by r.monetary_amount desc nulls last
        limit 20
    """,
    "net amount by month": """
        select date_trunc('month', ordered_on) as month, sum(net_amount_reporting) as amount
        from core.fct_order_lines
        where is_merchandise
        group by month
        order by month
    """,
}


def ask(marts: str, question: str) -> tuple[float, float]:
    """Seconds of wall and of processor time to open the file, answer one question and close it.

    Raises `LookupError` when the answer is empty.
    """
    started, worked = time.perf_counter(), time.process_time()
    with duckdb.connect(marts, read_only=True) as con:
        rows = con.execute(question).fetchall()
    seconds = time.perf_counter() - started, time.process_time() - worked
    if not rows:
        raise LookupError(question)
    return seconds


def main(marts: str) -> None:
    """Print the median seconds of every question: wall, processor."""
    rounds = {
        name: [ask(marts, question) for _ in range(ROUNDS)] for name, question in QUESTIONS.items()
    }
    medians = {
        name: [statistics.median(seconds) for seconds in zip(*asked, strict=True)]
        for name, asked in rounds.items()
    }
    print(json.dumps(medians))


if __name__ == "__main__":
    main(sys.argv[1])
