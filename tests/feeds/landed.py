"""Files landed by hand, and what the feeds make of them.

The real way from the landing folder to the verdicts: the project's own ingestion, its raw views and
its compiled SQL. Columns that a test does not speak of are filled with something valid.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness import Project, Warehouse

from crm.contracts import load_tables
from crm.lake.ingestion import ingest
from crm.settings import Settings

MORNING = dt.datetime(2026, 3, 1, 6, 0, tzinfo=dt.UTC)
Row = Mapping[str, str | None]
VALID: Mapping[str, dict[str, str]] = {
    "transactions": {"ordered_at": "2026-01-05 10:00:00", "quantity": "1", "unit_price": "1.00"},
    "customers": {"customer_id": "c1"},
    "products": {"product_id": "p1"},
    "product_families": {"product_family_id": "f1"},
    "payments": {"payment_id": "y1", "amount": "10.00", "issued_on": "2026-01-05"},
    "interactions": {
        "interaction_id": "i1",
        "interaction_kind": "service",
        "opened_at": "2026-01-05 10:00:00",
    },
    "campaigns": {"campaign_id": "g1", "starts_on": "2026-01-05"},
    "campaign_offers": {"campaign_id": "g1", "offer_id": "o1", "product_id": "p1"},
    "campaign_contacts": {"contact_id": "k1", "campaign_id": "g1", "customer_id": "c1"},
    "surveys": {
        "response_id": "s1",
        "question_id": "nps",
        "answered_at": "2026-01-05 10:00:00",
        "score": "9",
    },
    "web_events": {
        "event_id": "w1",
        "event_kind": "page_view",
        "occurred_at": "2026-01-05 10:00:00",
    },
    "service_contracts": {"contract_id": "t1", "customer_id": "c1", "starts_on": "2026-01-05"},
    "leads": {"lead_id": "l1", "lead_stage": "new", "created_at": "2026-01-05 10:00:00"},
    "link_decisions": {
        "customer_system": "standard",
        "customer_id": "c1",
        "other_system": "standard",
        "other_customer_id": "c2",
        "decision": "same",
    },
    "wallet_estimates": {
        "customer_id": "c1",
        "category": "all",
        "estimated_on": "2026-01-05",
        "wallet_amount": "100",
    },
    "exchange_rates": {
        "rate_on": "2026-01-05",
        "from_currency": "EUR",
        "to_currency": "GBP",
        "exchange_rate": "0.85",
    },
}

NO_PAIRS = """
    select
        null::bigint as record_key_l, null::bigint as record_key_r, null::varchar as model,
        null::varchar as model_version, null::double as probability,
        null::double as match_weight, null::varchar as evidence
    where false
"""


class Landed:
    """A home folder that files are delivered to, one after the other."""

    def __init__(self, home: Path, project: Project, **settings: Any) -> None:
        self.settings = Settings(**{"home": home, "settle_seconds": 0, **settings})
        self.project = project
        self._delivered = 0

    def deliver(
        self,
        *rows: Row,
        feed: str = "transactions",
        name: str | None = None,
        now: dt.datetime = MORNING,
    ) -> None:
        """Land one file of the system `standard` and take it in. Columns are those of any row."""
        whole = [{**VALID[feed], **row} for row in rows]
        self.land(as_csv(whole), f"standard/{feed}/{name or f'{self._delivered:04}.csv'}")
        self._delivered += 1
        self.take(now)

    def land(self, content: str, path: str) -> None:
        """Put a file into the landing folder and leave it there."""
        file = self.settings.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")

    def take(self, now: dt.datetime = MORNING) -> None:
        """Ingest whatever is new. Raises `AssertionError` where a file is refused or left."""
        report = ingest(self.settings, load_tables(self.settings), now)
        assert not report.waiting
        assert [d.reason for d in report.deliveries] == [None] * len(report.deliveries)

    def warehouse(self, is_probable: bool = False, **clocks: Any) -> Warehouse:
        """The warehouse over all that was delivered so far.

        Records are matched by probability only where asked for: it takes seconds.
        """
        warehouse = Warehouse(self.project, None if is_probable else {"customer_pairs": NO_PAIRS})
        warehouse.register_raw(self.settings, **clocks)
        return warehouse

    def judged(self, feed: str = "transactions") -> list[dict[str, Any]]:
        """Every delivered row of a feed, in the order of delivery and line, with its verdict."""
        return rows_of(self.warehouse(), f"{feed}_judged", order_by="load_id, source_line_number")

    def verdicts(self, feed: str = "transactions") -> list[list[str]]:
        """Per delivery each row's verdict, with what superseded it or what is wrong with it."""
        judged = self.judged(feed)
        return [
            [
                ": ".join(
                    filter(None, (row["verdict"], row["superseded_because"] or row["reasons"]))
                )
                for row in judged
                if row["load_id"] == load_id
            ]
            for load_id in sorted({row["load_id"] for row in judged})
        ]


def rows_of(warehouse: Warehouse, model: str, order_by: str = "all") -> list[dict[str, Any]]:
    """A model's rows with decimals, dates and nulls as Python has them."""
    relation = warehouse.build(model).project.node(model).relation
    found = warehouse.con.execute(f"select * from {relation} order by {order_by}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def as_csv(rows: Iterable[Row]) -> str:
    """Rows under a header of every column that any of them has."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
