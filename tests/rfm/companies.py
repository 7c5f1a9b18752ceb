"""Small companies for the tests of RFM: customer-days, dates and clock as the marts find them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd
import pyarrow as pa
from harness import Project, Warehouse
from hypothesis import strategies as st

FIRST_DAY = dt.date(2023, 12, 20)
DAYS = pa.schema(
    [
        ("business_unit", pa.string()),
        ("customer_key", pa.int64()),
        ("ordered_on", pa.date32()),
        ("orders", pa.int64()),
        ("lines", pa.int64()),
        ("lines_with_rate", pa.int64()),
        ("quantity", pa.decimal128(38, 4)),
        ("net_amount_reporting", pa.decimal128(38, 4)),
        ("is_occasion", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Day:
    """A customer-day; `amount` is None where no line has a rate."""

    customer: int
    on: dt.date
    amount: Decimal | None = Decimal(10)
    is_occasion: bool = True
    lines: int = 1
    lines_with_rate: int = 1
    unit: str = "default"


@dataclass(frozen=True)
class Company:
    """A history and the date it is looked at."""

    days: tuple[Day, ...]
    as_of: dt.date
    window_days: int = 365
    method: str = "percent_rank"

    def until(self, t: dt.date) -> Company:
        """The same company without the events after `t`, looked at on the same date."""
        return replace(self, days=tuple(day for day in self.days if day.on <= t))

    def table(self) -> pa.Table:
        """customer_base.customer_days."""
        return pa.Table.from_pylist([_row(day) for day in self.days], schema=DAYS)

    def frame(self) -> pd.DataFrame:
        """The same for `rfm_by_hand`: dates and decimals as Python objects."""
        return pd.DataFrame(self.table().to_pylist(), columns=DAYS.names, dtype=object)

    def warehouse(self, project: Project, **given: pa.Table | str) -> Warehouse:
        """A warehouse that holds this company's customer-days."""
        first_on = min((day.on for day in self.days), default=self.as_of)
        units = sorted({day.unit for day in self.days}) or ["default"]
        tables: dict[str, pa.Table | str] = {
            "customer_days": self.table(),
            "clock": f"select date '{self.as_of}' as as_of_date",
            "dim_dates": dates_from(first_on, self.as_of),
            "business_units": " union all ".join(
                f"select '{unit}' as business_unit, {n} as unit_number"
                for n, unit in enumerate(units, 1)
            ),
            "rfm_settings": (
                f"select '*' as business_unit, {self.window_days} as window_days, "
                f"'{self.method}' as scoring_method"
            ),
        }
        return Warehouse(project, {**tables, **given})


def dates_from(first_on: dt.date, as_of: dt.date) -> str:
    """core.dim_dates as a query, from the first day's month to the as-of date's month end."""
    return (
        "select cast(d as date) as date_on, last_day(d) = d as is_month_end from generate_series("
        f"date_trunc('month', date '{first_on}'), last_day(date '{as_of}'), interval 1 day) as t(d)"
    )


def rows_of(days: Iterable[tuple[int, str, str]]) -> tuple[Day, ...]:
    """Days from (customer, ISO date, amount)."""
    return tuple(Day(c, dt.date.fromisoformat(on), Decimal(amount)) for c, on, amount in days)


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Few customers, many ties, returns, unknown rates; windows shorter and longer than a month."""
    span = draw(st.sampled_from([40, 130, 500]))
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["north", "south"]), st.integers(1, 9), st.integers(0, span)),
            min_size=1,
            max_size=60,
            unique=True,
        )
    )
    days = []
    for unit, customer, offset in keys:
        lines = draw(st.integers(1, 3))
        with_rate = draw(st.integers(0, lines)) if customer in (3, 4) else lines
        amount = Decimal(draw(st.sampled_from([-500, 0, 1000, 1000, 2550, 9999]))) / 100
        days.append(
            Day(
                customer,
                FIRST_DAY + dt.timedelta(days=offset),
                amount if with_rate else None,
                draw(st.booleans()) or amount > 10,
                lines,
                with_rate,
                unit,
            )
        )
    as_of = FIRST_DAY + dt.timedelta(days=span + draw(st.integers(0, 60)))
    return Company(tuple(days), as_of, draw(st.sampled_from([7, 30, 31, 90, 365])))


def _row(day: Day) -> dict[str, object]:
    return {
        "business_unit": day.unit,
        "customer_key": day.customer,
        "ordered_on": day.on,
        "orders": 1,
        "lines": day.lines,
        "lines_with_rate": day.lines_with_rate,
        "quantity": Decimal(1),
        "net_amount_reporting": day.amount,
        "is_occasion": day.is_occasion,
    }
