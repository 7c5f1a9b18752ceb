"""Online Retail II computed again in pandas and plain Python from the Parquet files themselves.

Written against the documented definitions, never against the models: no SQL of the project runs
here. Money is whole numbers of ten-thousandths of a pound, so every comparison is exact.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import pandas as pd

EXTRACTS = ("online_retail_ii_2009_2010.parquet", "online_retail_ii_2010_2011.parquet")
UNATTRIBUTED = -1
# What a line says, in the order in which lines of an order are numbered; `extract` does not count.
_LINE_ORDER = ["product_id", "ordered_at", "quantity", "price", "customer_id", "name", "country"]


def key_of(source_id: object) -> int:
    """Our key: the first 15 hexadecimal digits of the MD5 of the system and the id."""
    return int(hashlib.md5(f"online_retail|{source_id}".encode()).hexdigest()[:15], 16)  # noqa: S324


class OnlineRetail:
    """Both extracts and what follows from them. `seeds` is the project's folder of seeds."""

    def __init__(self, folder: Path, seeds: Path) -> None:
        kinds = pd.read_csv(seeds / "product_kinds.csv", dtype=str)
        kinds = kinds[kinds["system"] == "online_retail"]
        self._kinds = dict(zip(kinds["product_id"], kinds["line_kind"], strict=True))
        said = pd.read_csv(seeds / "line_kinds.csv", dtype=str)
        self._merchandise = set(said.loc[said["is_merchandise"] == "true", "line_kind"])
        self.delivered = pd.concat(
            [self._extract(folder / name, number) for number, name in enumerate(EXTRACTS, 1)],
            ignore_index=True,
        )

    def _extract(self, file: Path, number: int) -> pd.DataFrame:
        raw = pd.read_parquet(file)
        lines = pd.DataFrame({"extract": number, "order_id": raw["Invoice"].str.strip()})
        lines["product_id"] = raw["StockCode"].str.strip().str.upper()
        lines["name"] = _text(raw["Description"])
        lines["country"] = _text(raw["Country"].where(raw["Country"] != "Unspecified"))
        lines["customer_id"] = raw["Customer ID"].astype("Int64").astype("string").astype(object)
        lines["customer_id"] = lines["customer_id"].where(raw["Customer ID"].notna(), None)
        lines["quantity"] = raw["Quantity"].astype("int64")
        lines["price"] = _ten_thousandths(raw["Price"])
        lines["net"] = lines["quantity"] * lines["price"]
        lines["ordered_at"] = _utc(raw["InvoiceDate"])
        lines["ordered_on"] = raw["InvoiceDate"].dt.normalize()
        return lines

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The lines that stand: an order delivered again replaces what stood before. Numbered."""
        newest = self.delivered.groupby("order_id")["extract"].transform("max")
        lines = self.delivered[self.delivered["extract"] == newest].copy()
        free_stock = lines["customer_id"].isna() & (lines["price"] == 0)
        kind = lines["product_id"].map(self._kinds).fillna("merchandise")
        lines["kind"] = kind.where(~free_stock, "stock_adjustment")
        lines["is_merchandise"] = lines["kind"].isin(self._merchandise)
        lines["is_return"] = lines["quantity"] < 0
        customers = {
            customer: key_of(customer) for customer in lines["customer_id"].dropna().unique()
        }
        customers[None] = UNATTRIBUTED
        lines["customer_key"] = [customers[customer] for customer in lines["customer_id"]]
        products = {product: key_of(product) for product in lines["product_id"].unique()}
        lines["product_key"] = lines["product_id"].map(products)
        lines = lines.sort_values(["order_id", *_LINE_ORDER], na_position="last")
        lines["line_number"] = lines.groupby("order_id").cumcount() + 1
        return lines.reset_index(drop=True)

    @property
    def as_of(self) -> dt.date:
        """The day of the last order."""
        return self.lines["ordered_on"].max().date()

    @cached_property
    def links(self) -> dict[tuple[str, int], str]:
        """By order and line number of a return, the order it undoes.

        The nearest purchase before it, of the same customer, product and price, that is not
        smaller; purchases at one time by the larger order number, then the smaller quantity, then
        the first line. What comes back beyond what was bought stays without a link, and so does
        all that comes back after it to the same line.
        """
        known = self.lines[self.lines["is_merchandise"] & self.lines["customer_id"].notna()]
        match_on = ["customer_id", "product_id", "price"]
        comes_back = known.loc[known["is_return"], match_on].drop_duplicates()
        known = known.merge(comes_back, on=match_on)
        bought: dict[tuple[object, ...], list[tuple[object, ...]]] = defaultdict(list)
        back = []
        columns = [*match_on, "ordered_at", "order_id", "line_number", "quantity"]
        for *match, at, order, number, quantity in known[columns].itertuples(
            index=False, name=None
        ):
            if quantity < 0:
                back.append((at, order, number, tuple(match), -quantity))
            else:
                bought[tuple(match)].append((at, order, -quantity, -number))
        for purchases in bought.values():
            purchases.sort(reverse=True)
        links = {}
        returned: dict[tuple[object, ...], int] = defaultdict(int)
        for at, order, number, match, quantity in sorted(back):
            for purchase in bought.get(match, []):
                bought_at, original, minus_bought, _ = purchase
                if bought_at <= at and quantity <= -minus_bought:
                    returned[match, purchase] += quantity
                    if returned[match, purchase] <= -minus_bought:
                        links[order, number] = original
                    break
        return links

    @cached_property
    def orders(self) -> pd.DataFrame:
        """One row per order, by its id."""
        merchandise = self.lines["quantity"].where(self.lines["is_merchandise"], 0)
        return (
            self.lines.assign(units=merchandise)
            .groupby("order_id")
            .agg(
                customer_key=("customer_key", "max"),
                ordered_at=("ordered_at", "min"),
                ordered_on=("ordered_on", "min"),
                lines=("net", "size"),
                quantity=("units", "sum"),
                net=("net", "sum"),
                is_return=("is_return", "all"),
            )
            .reset_index()
        )

    @cached_property
    def customers(self) -> pd.DataFrame:
        """One row per customer id: first and last purchase and the country of the latest order."""
        known = self.lines[self.lines["customer_id"].notna()]
        bought = known[known["is_merchandise"] & ~known["is_return"]]
        found = pd.DataFrame({"customer_id": sorted(known["customer_id"].unique())})
        days = bought.groupby("customer_id")["ordered_on"].agg(["min", "max"])
        found["first_order_on"] = found["customer_id"].map(days["min"])
        found["last_order_on"] = found["customer_id"].map(days["max"])
        seen = known[known["country"].notna()].groupby(["customer_id", "country"])["ordered_at"]
        seen = seen.agg(["max", "size"]).reset_index()
        seen = seen.sort_values(
            ["customer_id", "max", "size", "country"], ascending=[True, False, False, True]
        )
        countries = seen.drop_duplicates("customer_id").set_index("customer_id")["country"]
        found["country"] = found["customer_id"].map(countries)
        return found

    @cached_property
    def products(self) -> pd.DataFrame:
        """One row per product: when it was sold and the name that most sales give it."""
        named = self.lines[self.lines["name"].notna()]
        named = named.assign(is_sale=named["kind"] != "stock_adjustment")
        names = named.groupby(["product_id", "name"]).agg(
            sales=("is_sale", "sum"), latest=("ordered_at", "max")
        )
        names = names.reset_index().sort_values(
            ["product_id", "sales", "latest", "name"], ascending=[True, False, False, True]
        )
        names = names.drop_duplicates("product_id").set_index("product_id")["name"]
        found = self.lines.groupby("product_id")["ordered_on"].agg(["min", "max"]).reset_index()
        found.columns = ["product_id", "first_sold_on", "last_sold_on"]
        found["name"] = found["product_id"].map(names)
        found["kind"] = found["product_id"].map(self._kinds).fillna("merchandise")
        return found

    @cached_property
    def customer_days(self) -> pd.DataFrame:
        """One row per customer and day with merchandise, with whether it is a purchase occasion."""
        known = self.lines[self.lines["is_merchandise"] & self.lines["customer_id"].notna()]
        days = (
            known.groupby(["customer_key", "ordered_on"])
            .agg(
                orders=("order_id", "nunique"),
                lines=("net", "size"),
                quantity=("quantity", "sum"),
                net=("net", "sum"),
            )
            .reset_index()
        )
        days["is_occasion"] = (days["quantity"] > 0) & (days["net"] >= 0)
        return days


def month_ends(first_on: dt.date, as_of: dt.date) -> list[dt.date]:
    """Every last day of a month from `first_on` to `as_of`."""
    return [end.date() for end in pd.date_range(first_on, as_of, freq="ME")]


def rfm(customer_days: pd.DataFrame, snapshots: Sequence[dt.date]) -> pd.DataFrame:
    """R, F and M with their tie-safe scores and exact nested fifths, at every snapshot."""
    return pd.concat([_scored(customer_days, t) for t in snapshots], ignore_index=True)


def _scored(days: pd.DataFrame, t: dt.date, window_days: int = 365) -> pd.DataFrame:
    end = pd.Timestamp(t)
    opens = end - pd.Timedelta(days=window_days)
    own = days[(days["ordered_on"] > opens) & (days["ordered_on"] <= end)]
    occasions = own[own["is_occasion"]].groupby("customer_key")["ordered_on"].agg(["max", "size"])
    found = pd.DataFrame({"snapshot_on": end, "customer_key": occasions.index})
    found["recency_days"] = (end - occasions["max"]).dt.days.to_numpy()
    found["frequency"] = occasions["size"].to_numpy()
    found["net"] = found["customer_key"].map(own.groupby("customer_key")["net"].sum())
    others = max(len(found) - 1, 1)
    for score, better in (
        ("r_score", -found["recency_days"]),
        ("f_score", found["frequency"]),
        ("m_score", found["net"]),
    ):
        worse = better.rank(method="min").astype("int64") - 1
        found[score] = (1 + 5 * worse // others).clip(upper=5)
    found["worst_first"] = -found["recency_days"]
    within: list[str] = []
    for cell, order in (
        ("hughes_r", ["worst_first", "frequency", "net", "customer_key"]),
        ("hughes_f", ["frequency", "net", "customer_key"]),
        ("hughes_m", ["net", "customer_key"]),
    ):
        found = found.sort_values([*within, *order]).reset_index(drop=True)
        groups = found.groupby(within or (lambda _: 0))
        place = groups.cumcount()
        size = groups["customer_key"].transform("size")
        found[cell] = _fifth(place, size)
        within.append(cell)
    return found.drop(columns="worst_first")


def _fifth(place: pd.Series, size: pd.Series) -> pd.Series:
    """The fifth that a place from 0 falls in; the first fifths are larger by one where need be."""
    share, larger = size // 5, size % 5
    first = larger * (share + 1)
    in_first = 1 + place // (share + 1)
    after = 1 + larger + (place - first) // share.where(share > 0, 1)
    return in_first.where(place < first, after).astype("int64")


def _text(values: pd.Series) -> pd.Series:
    """Text without blanks around it; nothing where there is none."""
    trimmed = values.str.strip().astype(object)
    return trimmed.where(trimmed.notna() & (trimmed != ""), None)


def _ten_thousandths(prices: pd.Series) -> pd.Series:
    """Prices as whole numbers of ten-thousandths of a pound, exactly. Raises where one is finer."""
    exact = {}
    for price in prices.unique():
        scaled = Decimal(repr(float(price))).scaleb(4)
        if scaled != int(scaled):
            raise ValueError(f"{price} is finer than a ten-thousandth.")
        exact[price] = int(scaled)
    return prices.map(exact).astype("int64")


def _utc(local: pd.Series) -> pd.Series:
    """London's clock as instants in UTC, without their zone. Raises for an hour that came twice."""
    return local.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
