"""pandas with pymc-marketing: R, F and M at one date; with `fit`, a BG/NBD model of all history."""

from __future__ import annotations

import sys

import pandas as pd
from pymc_marketing.clv import BetaGeoModel
from pymc_marketing.clv.utils import rfm_summary

from bench.peers.totals import WINDOW_DAYS, show

COLUMNS = ["customer_id", "ordered_at", "quantity", "unit_price", "discount_amount"]


def main(folder: str, as_of: str, fit: str = "") -> None:
    """The library counts the purchase occasions; money is of every day, so pandas sums it."""
    end = pd.Timestamp(as_of)
    lines = pd.read_parquet(folder, columns=COLUMNS, dtype_backend="pyarrow")
    price, discount = (lines.pop(name).astype("float64") for name in COLUMNS[3:])
    lines["net_amount"] = lines["quantity"].astype("int64") * price - discount
    lines["ordered_on"] = lines.pop("ordered_at").astype("datetime64[us]").dt.normalize()
    days = (
        lines.groupby(["customer_id", "ordered_on"], as_index=False)
        .agg(quantity=("quantity", "sum"), net_amount=("net_amount", "sum"))
        .round({"net_amount": 2})
    )
    occasions = days[(days["quantity"] > 0) & (days["net_amount"] >= 0)]
    start = end - pd.Timedelta(days=WINDOW_DAYS)
    recent = rfm_summary(
        occasions[occasions["ordered_on"] > start],
        "customer_id",
        "ordered_on",
        observation_period_end=end,
        include_first_transaction=True,
    )
    money = days[days["ordered_on"] > start].groupby("customer_id")["net_amount"].sum()
    amounts = recent["customer_id"].map(money)
    if fit:
        history = rfm_summary(occasions, "customer_id", "ordered_on", observation_period_end=end)
        BetaGeoModel(data=history).fit(method="map", progressbar=False)
    show(len(recent), recent["recency"].sum(), recent["frequency"].sum(), amounts.sum())


if __name__ == "__main__":
    main(*sys.argv[1:])
