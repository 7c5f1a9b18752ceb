"""Polars: R, F and M of every customer at one date, from the order lines."""

from __future__ import annotations

import datetime as dt
import sys

import polars as pl

from bench.peers.totals import WINDOW_DAYS, show


def main(folder: str, as_of: str) -> None:
    """Lazily, with the engine that streams."""
    end = dt.date.fromisoformat(as_of)
    day, quantity, amount = pl.col("ordered_on"), pl.col("quantity"), pl.col("net_amount")
    days = (
        pl.scan_parquet(f"{folder}/*.parquet")
        .select(
            "customer_id",
            "quantity",
            ordered_on=pl.col("ordered_at").dt.date(),
            net_amount=quantity * pl.col("unit_price").cast(pl.Float64)
            - pl.col("discount_amount").cast(pl.Float64),
        )
        .filter(day.is_between(end - dt.timedelta(WINDOW_DAYS - 1), end))
        .group_by("customer_id", "ordered_on")
        .agg(quantity.sum(), amount.sum().round(2))
        .with_columns(is_occasion=(quantity > 0) & (amount >= 0))
    )
    rfm = (
        days.group_by("customer_id")
        .agg(
            recency_days=(pl.lit(end) - day.filter(pl.col("is_occasion")).max()).dt.total_days(),
            frequency=pl.col("is_occasion").sum(),
            monetary_amount=amount.sum(),
        )
        .filter(pl.col("frequency") > 0)
        .collect(engine="streaming")
    )
    measures = "recency_days", "frequency", "monetary_amount"
    show(rfm.height, *(rfm[name].sum() for name in measures))


if __name__ == "__main__":
    main(*sys.argv[1:])
