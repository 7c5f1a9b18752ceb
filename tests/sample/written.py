"""A written sample, read back without any of the project's readers."""

from __future__ import annotations

import csv
import gzip
import json
from functools import cached_property
from pathlib import Path

import duckdb

from crm.sample import SampleReport, write_sample
from crm.settings import Settings

Rows = list[dict[str, str]]


def contents(report: SampleReport) -> dict[str, bytes]:
    """The bytes of every landed file by its path below the landing folder."""
    return {"/".join(file.parts[-2:]): file.read_bytes() for file in report.files}


class Sample:
    """A sample in `home`; `files` are the text files of a feed with their rows, all as text."""

    def __init__(self, home: Path, **arguments: int) -> None:
        self.settings = Settings(home=home)
        self.report = write_sample(self.settings, **arguments)

    def files(self, feed: str) -> dict[str, Rows]:
        folder = self.settings.landing / "standard" / feed
        return {file.name: _rows(file) for file in sorted(folder.iterdir())}

    def rows(self, feed: str) -> Rows:
        return [row for rows in self.files(feed).values() for row in rows]

    def truth(self, what: str) -> list[dict[str, object]]:
        found = duckdb.sql(f"from '{self.settings.home}/truth/{what}.parquet'")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    @cached_property
    def dirty_places(self) -> set[tuple[str, int]]:
        """Where the truth says that a line of transactions is not as it should be."""
        return {
            (str(row["file"]), int(str(row["line_number"])))
            for row in self.truth("dirt")
            if row["feed"] == "transactions"
        }

    @cached_property
    def clean(self) -> Rows:
        """Sound order lines at their first delivery, without those that come back later."""
        first: dict[tuple[str, str], dict[str, str]] = {}
        for name, rows in self.files("transactions").items():
            for number, row in enumerate(rows, start=2):
                if (name, number) not in self.dirty_places:
                    first.setdefault((row["order_id"], row["line_number"]), row)
        return list(first.values())

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        """Tables to measure with: lines and orders of true customers, and each truth."""
        con = duckdb.connect()
        folder = self.settings.home / "truth"
        for file in folder.iterdir():
            con.execute(f"create table truth_{file.stem} as from '{file}'")
        con.execute("create table texts as select unnest($rows, recursive := true)",
                    {"rows": self.clean})  # fmt: skip
        con.execute("""
            create table lines as
            select
                t.*, c.true_customer_id, true_ones.behaviour, true_ones.price_group,
                true_ones.kind, order_date.day, quantity::int as units,
                unit_price::double as price, discount_amount::double as discount,
            from (select *, ordered_at::timestamp as moment from texts) as t
            inner join truth_customers as c using (customer_id)
            inner join truth_customers as true_ones
                on c.true_customer_id = true_ones.customer_id,
            lateral (select datediff('day', date '2024-01-01', moment::date) as day) as order_date
            where original_order_id = '' and quantity::int > 0
        """)
        con.execute("""
            create table orders as
            select order_id, true_customer_id, behaviour, min(moment) as moment, min(day) as day
            from lines group by all
        """)
        return con


def _rows(file: Path) -> Rows:
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if file.suffix == ".parquet":
        found = duckdb.sql(f"select columns(*)::varchar from '{file}'")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    header, *lines = csv.reader(content.decode("utf-8").splitlines())
    return [
        dict.fromkeys(["discount_amount", "original_order_id", "line_kind", "customer_id"], "")
        | dict(zip(header, line, strict=False))
        for line in lines
    ]
