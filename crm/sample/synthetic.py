"""The generated company: batches of customers, then one delivery period after the other.

What the company is like stands in the SQL files beside this module. Here is only what is computed
when and which file it is written to, so that memory does not grow with the size of the sample.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from crm.sample.company import LARGE, Company, Feed
from crm.sample.landed import Progress, SampleError, SampleReport
from crm.settings import Settings

MIN_CUSTOMERS = 50  # one block: fewer do not hold every kind of record
MAX_ORDERS_EACH = 60  # on average
BASICS = ("draws", "catalogue", "people", "orders")
DETAILS = (
    "lines", "records", "interactions", "relations", "reference", "dirt", "truth",
)  # fmt: skip
TRANSACTION_COLUMNS = (
    "order_id,line_number,customer_id,ordered_at,product_id,quantity,unit_price,line_amount,"
    "discount_amount,currency,unit_cost,channel,store_id,promotion_id,original_order_id,line_kind,"
    "updated_at,is_deleted"
)

ORDER_LINES = Feed("transactions", "transactions", "ordered_at, order_id, line_number, updated_at")
BY_PERIOD = (
    Feed("payments", "payments", "payment_id"),
    Feed("web_events", "web_events", "occurred_at, event_id", ".jsonl"),
    Feed("interactions", "interactions", "opened_at, interaction_id", ".jsonl"),
)
CUSTOMERS = Feed("customers", "customers", "customer_id")
DELIVERIES = ("2024", "2025", "2026", "late")
BY_BATCH = (
    Feed("campaign_contacts", "campaign_contacts", "contacted_at, contact_id"),
    Feed("surveys", "surveys", "response_id, question_id", ".csv.gz"),
    Feed("service_contracts", "service_contracts", "contract_id"),
    Feed("leads", "leads", "created_at, lead_id"),
    Feed("wallet_estimates", "wallet_estimates", "estimated_on, customer_id, category"),
    Feed("link_decisions", "link_decisions", "decided_on, customer_id"),
)
CARE = Feed(
    "interactions", "care_interactions", "opened_at, interaction_id", ".jsonl", stem="sample_care"
)
PRODUCTS = Feed(
    "products", "(select * exclude (delivery) from product_records "
    "where delivery = getvariable('delivery'))", "product_id",
)  # fmt: skip
ONCE = (
    Feed("product_families", "product_families", "product_family_id"),
    Feed("campaigns", "campaign_records", "campaign_id"),
    Feed("campaign_offers", "campaign_offers", "campaign_id, offer_id, product_id"),
    Feed("exchange_rates", "exchange_rates", "rate_on, from_currency", ".parquet"),
)
STALL = Feed("transactions", "market_stall", "order_id, line_number")
HAND_WRITTEN = {
    "customers": "customer_id nulls last", "payments": "payment_id",
    "interactions": "interaction_id",
}  # fmt: skip
TRUTHS = {
    "parameters": "process, parameter",
    "customers": "customer_id",
    "duplicates": "customer_id",
    "non_matches": "customer_id",
    "hierarchy": "customer_id",
    "tax_codes": "customer_id",
    "customer_changes": "customer_id, updated_at",
    "change_points": "customer_id",
    "price_sensitivities": "elasticity",
    "campaign_uplifts": "starts_on",
    "incident_effects": "incident_speed",
    "affinities": "category",
    "selection_times": "category",
    "wallets": "customer_id",
    "dirt": "feed, file, line_number",
}


def generate(
    settings: Settings, customers: int, orders: int, seed: int, progress: Progress
) -> SampleReport:
    """Write every feed of the company, and the planted truth beside the landing folder.

    `customers`, `orders` and `seed` decide every byte. Raises `SampleError` for sizes out of range.
    """
    if customers < MIN_CUSTOMERS or not 2 * customers <= orders <= MAX_ORDERS_EACH * customers:
        raise SampleError(
            f"{customers} customers with {orders} orders make no sample.",
            fix=f"Take at least {MIN_CUSTOMERS} customers, and from 2 to {MAX_ORDERS_EACH} orders "
            "for each.",
        )
    if not 0 <= seed < 2**63:
        raise SampleError(f"The seed {seed} is out of range.", fix="Take one from 0 to 2^63 - 1.")
    progress(f"generating {customers:,} customers and about {orders:,} orders")
    with _scratch(settings) as con:
        company = Company(settings, con, customers, orders, progress)
        company.set(seed=seed, customers=customers, orders=orders, is_large=orders >= LARGE)
        company.run(*BASICS)
        _find_pace(company)
        _place_orders(company)
        company.run(*DETAILS)
        _write_reference(company)
        _write_batches(company)
        _write_periods(company)
        _write_by_hand(company)
        company.set(first_customer=1, last_customer=customers)
        for what, key in TRUTHS.items():
            company.plant(what, key)
    return SampleReport(tuple(company.files), company.lines)


@contextmanager
def _scratch(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, for what does not fit into memory; removed afterwards."""
    folder = settings.build / "sample"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "temp_directory": str(folder / "spilled"),
    }
    try:
        with duckdb.connect(str(folder / "scratch.duckdb"), config=config) as con:
            yield con
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_pace(company: Company) -> None:
    """Set the factor on all rates with which the customers place about the orders asked for."""
    row = company.con.execute(
        "select coalesce(max(pace) filter (orders <= $wanted), min(pace)) from expected_orders",
        {"wanted": company.orders * 0.97},  # the rest is anonymous
    ).fetchone()
    company.set(pace=float(row[0]) if row else 1.0)


def _place_orders(company: Company) -> None:
    con = company.con
    con.execute("create table orders as select * from dated_orders order by file_no, order_no")
    for _ in company.batches():
        con.execute("create or replace table placed_orders as from simulated_orders")
        con.execute("insert into orders select * from dated_orders order by file_no, order_no")
    con.execute("drop table placed_orders")
    con.execute(
        "create table incidents as select i, incident_speed, day_of(ordered_at) as incident_day "
        "from orders where incident_speed > 0"
    )


def _write_reference(company: Company) -> None:
    for feed in ONCE:
        company.write(feed, grows=False)
    for delivery in ("1", "2"):
        company.set(delivery=delivery)
        company.write(PRODUCTS, f"_{delivery}", grows=False)
    company.con.execute(
        "insert into dirt select 'exchange_rates', 'sample_exchange_rates.parquet', line_number, "
        "'no rate', 'quarantined', 'exchange_rate: out_of_range' from (select exchange_rate, "
        "row_number() over (order by rate_on, from_currency) as line_number from exchange_rates) "
        "where exchange_rate = 0"
    )


def _write_batches(company: Company) -> None:
    for batch in company.batches():
        company.con.execute("create or replace table batch_records as from record_deliveries")
        for delivery in DELIVERIES:
            company.set(delivery=delivery)
            company.write(CUSTOMERS, f"_{delivery}{batch}")
        for feed in BY_BATCH:
            company.write(feed, batch)
        company.write(CARE, batch)


def _write_periods(company: Company) -> None:
    files = company.con.execute("select file_no, period from files order by file_no").fetchall()
    for file_no, period in files:
        company.set(file_no=int(file_no))
        company.con.execute("create or replace temp table file_lines as from order_lines")
        if company.is_large:
            company.write(ORDER_LINES, f"_{period}")
        else:
            _write_texts(company, f"sample_transactions_{period}.csv")
        for feed in BY_PERIOD:
            company.write(feed, f"_{period}")
    company.con.execute("truncate file_lines")
    if company.is_large:
        company.set(file_no=-1)
        _write_texts(company, "sample_by_hand.csv")
    for name in ("sample_market_stall.csv", "sample_market_stall_again.csv"):
        query = f"select * from {STALL.view} order by {STALL.key}"
        company.land(STALL.name, name, query, ".csv")


def _write_texts(company: Company, name: str) -> None:
    """Land the order lines of a period with the dirty ones among them."""
    company.con.execute("create or replace temp table file_texts as from transaction_texts")
    query = (
        f"select line from (select '{TRANSACTION_COLUMNS}' as line, 1 as line_number "
        "union all select line, line_number from file_texts) order by line_number"
    )
    company.land("transactions", name, query, "lines", headers=1)
    company.con.execute(
        "insert into dirt select 'transactions', $name, line_number, fault, verdict, reasons "
        "from file_texts where fault is not null",
        {"name": name},
    )


def _write_by_hand(company: Company) -> None:
    for feed, key in HAND_WRITTEN.items():
        table = f"hand_written_{feed}"
        query = f"select * exclude (fault, verdict, reasons) from {table} order by {key}"
        company.land(feed, "sample_by_hand.csv", query, ".csv")
        company.con.execute(
            f"insert into dirt select $feed, 'sample_by_hand.csv', 1 + row_number() over "
            f"(order by {key}), fault, verdict, reasons from {table} qualify fault is not null",
            {"feed": feed},
        )
