"""Fills the landing folder: with a generated shop (`synthetic`) or with a public data set.

What the generated shop looks like stands in `sample.sql`. Not here: any reading of the landing
folder, and the data that tests make for themselves.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from crm.errors import CrmError
from crm.settings import Settings

DATASETS = ("synthetic", "online-retail-ii")
MIN_CUSTOMERS = 50  # fewer hold no member who is in transactions only
ONLINE_RETAIL_FILES = (
    "online_retail_ii_2009_2010.parquet",
    "online_retail_ii_2010_2011.parquet",
)
ONLINE_RETAIL_SOURCE = (
    "Online Retail II by Daqing Chen, UCI Machine Learning Repository, data set 502, CC BY 4.0, "
    "doi 10.24432/C5CG6D"
)
TRANSACTION_COLUMNS = (
    "order_id,line_number,customer_id,ordered_at,product_id,quantity,unit_price,line_amount,"
    "discount_amount,currency,unit_cost,channel,store_id,promotion_id,original_order_id,line_kind,"
    "updated_at,is_deleted"
)

Progress = Callable[[str], None]


class SampleError(CrmError):
    """A sample that cannot be written as asked."""


@dataclass(frozen=True)
class SampleReport:
    """What was written. `lines` are the data lines of all files, without headers."""

    files: tuple[Path, ...]
    lines: int


def write_sample(
    settings: Settings,
    dataset: str = "synthetic",
    source: Path | None = None,
    customers: int = 500,
    orders: int = 6_000,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> SampleReport:
    """Write a data set's files into the landing folder, each whole or not at all.

    `synthetic` is generated: `customers`, `orders` and `seed` decide every byte. `online-retail-ii`
    copies the two extracts from the folder `source`. Raises `SampleError` for an unknown data set,
    sizes out of range, a source that is not whole and a folder that cannot be written.
    """
    if dataset not in DATASETS:
        raise SampleError(
            f"There is no sample '{dataset}'.", fix=f"Known samples: {', '.join(DATASETS)}."
        )
    try:
        if dataset == "online-retail-ii":
            return _copy_online_retail(settings, source, progress)
        return _generate_shop(settings, source, customers, orders, seed, progress)
    except (OSError, duckdb.IOException) as error:
        raise SampleError(
            f"The sample could not be written to {settings.landing}: {error}",
            fix="Check that the folder may be written and has free space (CRM_HOME sets it).",
        ) from error


def _generate_shop(
    settings: Settings,
    source: Path | None,
    customers: int,
    orders: int,
    seed: int,
    progress: Progress,
) -> SampleReport:
    if source is not None:
        raise SampleError("The sample 'synthetic' is generated.", fix="Leave out --from.")
    if customers < MIN_CUSTOMERS or orders < 2 * customers:
        raise SampleError(
            f"{customers} customers with {orders} orders make no sample.",
            fix=f"Take at least {MIN_CUSTOMERS} customers and two orders for each.",
        )
    if not 0 <= seed < 2**63:
        raise SampleError(f"The seed {seed} is out of range.", fix="Take one from 0 to 2^63 - 1.")
    progress(f"generating {customers:,} customers and {orders:,} orders")
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.build / "tmp"),
    }
    with duckdb.connect(config=config) as con:
        for name, value in (("seed", seed), ("customers", customers), ("orders", orders)):
            con.execute(f"set variable {name} = {value}::bigint")
        con.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        landed = []
        lines = 0
        for feed, table in (
            ("products", "product_records"),
            ("customers", "customer_records"),
            ("transactions", "transaction_lines"),
        ):
            files = con.execute(f"select file, count(*) from {table} group by all order by file")
            for name, count in files.fetchall():
                target = settings.landing / "standard" / feed / name
                _land(target, _csv_writer(con, table, name))
                progress(f"{target.relative_to(settings.landing)}: {count:,} lines")
                landed.append(target)
                lines += count
    return SampleReport(tuple(landed), lines)


def _csv_writer(con: duckdb.DuckDBPyConnection, table: str, file: str) -> Callable[[Path], None]:
    """What writes one file of one table; its rows are ordered, so its bytes are decided."""
    if table == "transaction_lines":
        # Lines are text with their own quotes: the header goes on top, and nothing is quoted again.
        query = """
            select line from (
                select $header as line, null as ordered_at, null as order_id, null as line_number
                union all
                select line, ordered_at, order_id, line_number from transaction_lines
                where file = $file
            ) order by ordered_at nulls first, order_id, line_number"""
        rows = con.sql(query, params={"header": TRANSACTION_COLUMNS, "file": file})
        return lambda path: rows.write_csv(
            str(path), header=False, sep="\x1f", quotechar="", escapechar=""
        )
    query = f"select * exclude (file) from {table} where file = $file order by all"
    rows = con.sql(query, params={"file": file})
    return lambda path: rows.write_csv(str(path), header=True)


def _copy_online_retail(
    settings: Settings, source: Path | None, progress: Progress
) -> SampleReport:
    fix = f"Give the folder that holds {' and '.join(ONLINE_RETAIL_FILES)} with --from."
    origin = f"The data are {ONLINE_RETAIL_SOURCE}."
    if source is None:
        raise SampleError(f"The sample 'online-retail-ii' is read from a folder. {origin}", fix=fix)
    missing = [name for name in ONLINE_RETAIL_FILES if not (source / name).is_file()]
    if missing:
        raise SampleError(f"{source} does not hold {' and '.join(missing)}. {origin}", fix=fix)
    counts = [_parquet_rows(source / name) for name in ONLINE_RETAIL_FILES]
    landed = []
    for name, count in zip(ONLINE_RETAIL_FILES, counts, strict=True):
        target = settings.landing / "online_retail" / "transactions" / name
        _land(target, partial(shutil.copyfile, source / name))
        progress(f"{target.relative_to(settings.landing)}: {count:,} lines")
        landed.append(target)
    return SampleReport(tuple(landed), sum(counts))


def _parquet_rows(file: Path) -> int:
    try:
        with duckdb.connect() as con:
            query = "select num_rows from parquet_file_metadata($file)"
            rows = con.execute(query, {"file": str(file)}).fetchone()
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise SampleError(
            f"{file} is not a whole Parquet file: {error}", fix="Fetch it again."
        ) from error
    return int(rows[0]) if rows else 0


def _land(target: Path, write: Callable[[Path], object]) -> None:
    """Write under a name that ingestion leaves alone, then rename."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        write(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
