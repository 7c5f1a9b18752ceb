"""A shop that delivers a CSV of order lines a day, and marts by hand: both judged for real."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.checks.door import DOOR_LIMITS, judge_deliveries, not_yet_published
from crm.checks.expectations import CheckOutcome
from crm.checks.plausibility import PUBLISH_LIMITS, judge_marts
from crm.contracts import Column, Dialect, SourceTable
from crm.lake.deliveries import read_deliveries
from crm.lake.ingestion import ingest
from crm.publication.mart_contract import TableContract
from crm.publication.publishing import Clock, Publication, publish
from crm.settings import Settings

DAY = dt.date(2026, 3, 1)
NOW = dt.datetime(2026, 3, 20, 6, 0, tzinfo=dt.UTC)
ORDERS = SourceTable(
    system="shop",
    name="transactions",
    feed="transactions",
    columns=(
        Column("order_id", is_required=True),
        Column("customer_id"),
        Column("ordered_at", "timestamp"),
        Column("amount", "decimal(18,4)"),
        Column("email"),
    ),
    require_one_of=(),
    dialect=Dialect(),
    file_sequence=None,
    late_after_hours=None,
)
TABLES = {("shop", "transactions"): ORDERS}


def orders(
    rows: int = 200,
    day: dt.date = DAY,
    without_customer: int = 0,
    sign: int = 1,
    unit: float = 1.0,
    email: str = "",
) -> str:
    """A day's CSV: `rows` lines, of which the first `without_customer` name no customer."""
    lines = ["order_id,customer_id,ordered_at,amount,email"]
    for i in range(rows):
        customer = "" if i < without_customer else f"c{i % 70:04d}"
        amount = sign * unit * (5 + i % 40)
        lines.append(f"{day:%y%m%d}-{i:06d},{customer},{day} 10:00:00,{amount:.2f},{email}")
    return "\n".join(lines) + "\n"


@dataclass
class Shop:
    """A home folder into which one system delivers."""

    home: Path
    limits_file: Path = DOOR_LIMITS

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, settle_seconds=0, memory_limit="1GB")

    def deliver(self, name: str, content: str) -> None:
        file = self.settings.landing / "shop/transactions" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        ingest(self.settings, TABLES, NOW)

    def usual(self, days: int = 6) -> None:
        """Some ordinary days, of 200 to 209 lines."""
        for n in range(days):
            day = DAY + dt.timedelta(days=n)
            self.deliver(f"{day}.csv", orders(200 + n % 10, day))

    def judge(self, new: Iterable[int] | None = None) -> list[CheckOutcome]:
        """Judge the deliveries with the load ids `new`, or everything not yet published."""
        everything = read_deliveries(self.settings)
        chosen = not_yet_published(self.settings, everything)
        if new is not None:
            chosen = [d for d in everything if d.load_id in set(new)]
        return judge_deliveries(
            self.settings, TABLES, chosen, everything, limits_file=self.limits_file
        )

    def judge_last(self) -> list[CheckOutcome]:
        return self.judge([read_deliveries(self.settings)[-1].load_id])


def about(outcomes: Iterable[CheckOutcome], start: str) -> CheckOutcome:
    """The outcome of the check whose name, without its subject, begins so."""
    (found,) = [o for o in outcomes if o.name.removeprefix(f"{o.subject}: ").startswith(start)]
    return found


def failed(outcomes: Iterable[CheckOutcome]) -> list[str]:
    return [outcome.name for outcome in outcomes if outcome.status != "passed"]


def blocking(outcomes: Iterable[CheckOutcome]) -> list[str]:
    return [outcome.name for outcome in outcomes if outcome.blocks]


@dataclass
class Marts:
    """Marts of a few tables: built to order, published for real, judged."""

    home: Path
    limits_file: Path = PUBLISH_LIMITS

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, memory_limit="1GB", lock_wait_seconds=0)

    @property
    def file(self) -> Path:
        return self.settings.build / "marts.duckdb"

    def build(
        self,
        lines: int = 2000,
        amount: float = 10,
        unattributed: int = 100,
        quarantined: int = 2,
        scores: int = 5,
        as_of: dt.date = DAY,
        loads: int = 10,
    ) -> None:
        """Loads have 100 delivered lines each; the newest has `quarantined` of them."""
        self.settings.build.mkdir(parents=True, exist_ok=True)
        self.file.unlink(missing_ok=True)
        with duckdb.connect(self.file) as con:
            con.execute(
                f"""
                create schema core; create schema rfm; create schema quality;
                create table core.clock as select date '{as_of}' as as_of_date;
                create table core.fct_order_lines as
                    select i as order_id, if(i < {unattributed}, -1, i % 600) as customer_key,
                        {amount}::decimal(18,4) as net_amount_reporting
                    from range({lines}) as t(i);
                create table rfm.rfm_customers as
                    select i as customer_key, 1 + i % {scores} as r_score, 1 + i % {scores}
                        as f_score, 1 + i % {scores} as m_score
                    from range(600) as t(i);
                create table quality.loads as
                    select i as load_id, 'shop' as system, 'transactions' as feed,
                        100::bigint as delivered,
                        if(i = {loads}, {quarantined}, 0)::bigint as quarantined
                    from range(1, {loads + 1}) as t(i);
                """
            )

    def publish(self, as_of: dt.date = DAY, known_at: int = 10) -> Publication:
        with duckdb.connect(self.file, read_only=True) as con:
            columns: dict[str, dict[str, str]] = {}
            for table, column, kind in con.execute(
                "select schema_name || '.' || table_name, column_name, data_type "
                "from duckdb_columns() where not internal"
            ).fetchall():
                columns.setdefault(table, {})[column] = kind
        contract = {table: TableContract(table, 1, found, {}) for table, found in columns.items()}
        self.settings.published.mkdir(parents=True, exist_ok=True)
        return publish(self.settings, "run", Clock(as_of, known_at), contract, NOW)

    def judge(self, **asked: dt.date | int | None) -> list[CheckOutcome]:
        return judge_marts(self.settings, limits_file=self.limits_file, **asked)
