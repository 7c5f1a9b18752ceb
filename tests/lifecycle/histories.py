"""Small companies whose customers go through every stage of the lifecycle, for every reason.

Hypothesis draws a plan per customer, a kind of buyer with a few whole numbers; the days follow from
it. What the stages of these customers are is not said here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from random import Random

import pandas as pd
import pyarrow as pa
from harness import Project, Warehouse
from hypothesis import strategies as st
from lifecycle_by_hand import Contract, Customer, Known, Settings, month_ends

FIRST_DAY = dt.date(2009, 12, 5)
HISTORY_STARTS = {"old_till": dt.date(2009, 12, 1), "new_till": None}
UNITS = ("north", "south")
CATEGORIES = ("books", "tea", None)
KINDS = ("steady", "bursty", "slowing", "stopping", "returning", "spending_less", "young", "few",
         "one_time", "returns_only", "prospect")  # fmt: skip
AMOUNT = pa.decimal128(38, 4)
DAYS = pa.schema(
    [
        ("business_unit", pa.string()),
        ("customer_key", pa.int64()),
        ("ordered_on", pa.date32()),
        ("orders", pa.int64()),
        ("lines", pa.int64()),
        ("lines_with_rate", pa.int64()),
        ("quantity", AMOUNT),
        ("net_amount_reporting", AMOUNT),
        ("is_occasion", pa.bool_()),
    ]
)
LINES = pa.schema(
    [
        ("system", pa.string()),
        ("order_id", pa.string()),
        ("line_number", pa.int64()),
        ("business_unit", pa.string()),
        ("customer_key", pa.int64()),
        ("product_key", pa.int64()),
        ("ordered_on", pa.date32()),
        ("currency", pa.string()),
        ("quantity", AMOUNT),
        ("net_amount", AMOUNT),
        ("net_amount_reporting", AMOUNT),
        ("is_return", pa.bool_()),
        ("is_merchandise", pa.bool_()),
    ]
)
TYPES = pa.schema(
    [
        ("customer_key", pa.int64()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("customer_type", pa.string()),
        ("is_current", pa.bool_()),
    ]
)
REGISTRATIONS = pa.schema(
    [("business_unit", pa.string()), ("customer_key", pa.int64()), ("known_on", pa.date32())]
)
CONTRACTS = pa.schema(
    [
        ("system", pa.string()),
        ("contract_id", pa.string()),
        ("business_unit", pa.string()),
        ("customer_key", pa.int64()),
        ("starts_on", pa.date32()),
        ("ends_on", pa.date32()),
        ("ended_on", pa.date32()),
        ("is_active", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Day:
    """A customer-day; `amount` is None where no line has a rate."""

    unit: str
    customer: int
    on: dt.date
    amount: Decimal | None = Decimal(10)
    is_occasion: bool = True
    lines: int = 1
    lines_with_rate: int = 1


@dataclass(frozen=True)
class Company:
    """A history, what else is known of its customers, and the date it is looked at.

    Categories and systems are those of the first occasion, per unit and customer.
    """

    days: tuple[Day, ...]
    as_of: dt.date
    types: Mapping[int, Sequence[tuple[dt.date, dt.date | None, str]]] = field(default_factory=dict)
    categories: Mapping[Customer, str | None] = field(default_factory=dict)
    systems: Mapping[Customer, str] = field(default_factory=dict)
    known_on: Mapping[Customer, dt.date] = field(default_factory=dict)
    contracts: tuple[Contract, ...] = ()
    settings: Mapping[str, Settings] = field(default_factory=lambda: {"*": Settings()})

    @property
    def first_on(self) -> dt.date:
        """The first day of the calendar."""
        return min([*(day.on for day in self.days), self.as_of])

    @property
    def known(self) -> Known:
        """What `lifecycle_by_hand` is told beside the days."""
        starts = {
            key: [HISTORY_STARTS[system]] if HISTORY_STARTS[system] else []
            for key, system in self.systems.items()
        }
        return Known(
            self.types,
            self.categories,
            self.known_on,
            starts,
            self.contracts,
            self.settings,
        )

    def until(self, t: dt.date) -> Company:
        """The same company without what happened after `t`, looked at on the same date."""
        return replace(
            self,
            days=tuple(day for day in self.days if day.on <= t),
            types={
                customer: [
                    (since, None if to and to > t else to, kind)
                    for since, to, kind in versions
                    if since <= t
                ]
                for customer, versions in self.types.items()
            },
            known_on={key: on for key, on in self.known_on.items() if on <= t},
            contracts=tuple(
                replace(contract, ended_on=None)
                if contract.ended_on and contract.ended_on > t
                else contract
                for contract in self.contracts
                if contract.starts_on <= t
            ),
        )

    def table(self) -> pa.Table:
        """customer_base.customer_days."""
        return pa.Table.from_pylist([_day_row(day) for day in self.days], schema=DAYS)

    def frame(self) -> pd.DataFrame:
        """The same for `lifecycle_by_hand`: dates and decimals as Python objects."""
        return pd.DataFrame(self.table().to_pylist(), columns=DAYS.names, dtype=object)

    def warehouse(self, project: Project, **given: pa.Table | str) -> Warehouse:
        """A warehouse that holds what this company's lifecycle is computed from."""
        dated = f"least(date '{self.first_on}', date '{self.as_of}')"
        tables: dict[str, pa.Table | str] = {
            "customer_days": self.table(),
            "fct_order_lines": pa.Table.from_pylist(list(self._lines()), schema=LINES),
            "dim_products": " union all ".join(
                f"select {key} as product_key, {_sql(category)} as category"
                for key, category in enumerate(CATEGORIES, 1)
            ),
            "dim_customers_history": pa.Table.from_pylist(list(self._types()), schema=TYPES),
            "customer_registrations": pa.Table.from_pylist(
                [
                    {"business_unit": unit, "customer_key": customer, "known_on": on}
                    for (unit, customer), on in self.known_on.items()
                ],
                schema=REGISTRATIONS,
            ),
            "fct_service_contracts": pa.Table.from_pylist(
                list(self._contracts()), schema=CONTRACTS
            ),
            "declared_tables": " union all ".join(
                f"select '{system}' as system, 'transactions' as table_name, "
                f"'transactions' as feed, '{unit}' as business_unit, "
                f"cast({_sql(starts)} as date) as history_starts_on"
                for system, starts in HISTORY_STARTS.items()
                for unit in UNITS
            ),
            "clock": f"select date '{self.as_of}' as as_of_date",
            "dim_dates": (
                "select cast(d as date) as date_on, last_day(d) = d as is_month_end, "
                "last_day(d) as month_end_on, cast(date_trunc('month', d) as date) as "
                f"month_start_on from generate_series(date_trunc('month', {dated}), "
                f"last_day(date '{self.as_of}'), interval 1 day) as t(d)"
            ),
            "lifecycle_settings": self._settings(project),
        }
        return Warehouse(project, {**tables, **given})

    def _lines(self) -> Iterator[dict[str, object]]:
        """The order lines that the customer-days are of: the first line has what has a rate."""
        for number, day in enumerate(self.days):
            key = day.unit, day.customer
            category = self.categories.get(key)
            for line in range(day.lines):
                first, has_rate = line == 0, line < day.lines_with_rate
                amount = (day.amount if first else Decimal(0)) if has_rate else None
                yield {
                    "system": self.systems.get(key, "new_till"),
                    "order_id": str(number),
                    "line_number": line,
                    "business_unit": day.unit,
                    "customer_key": day.customer,
                    "product_key": CATEGORIES.index(category) + 1,
                    "ordered_on": day.on,
                    "currency": "EUR" if has_rate else "JPY",
                    "quantity": Decimal(1 if day.is_occasion else -1),
                    "net_amount": amount or Decimal(0),
                    "net_amount_reporting": amount,
                    "is_return": not day.is_occasion,
                    "is_merchandise": True,
                }

    def _types(self) -> Iterator[dict[str, object]]:
        for customer, versions in self.types.items():
            for since, to, kind in versions:
                yield {
                    "customer_key": customer,
                    "valid_from": since,
                    "valid_to": to,
                    "customer_type": kind,
                    "is_current": to is None,
                }

    def _contracts(self) -> Iterator[dict[str, object]]:
        for number, contract in enumerate(self.contracts):
            if contract.starts_on <= self.as_of:
                has_ended = contract.end is not None and contract.end < self.as_of
                yield {
                    "system": "new_till",
                    "contract_id": str(number),
                    "business_unit": contract.unit,
                    "customer_key": contract.customer,
                    "starts_on": contract.starts_on,
                    "ends_on": contract.ends_on,
                    "ended_on": contract.end if has_ended else None,
                    "is_active": not has_ended,
                }

    def _settings(self, project: Project) -> str:
        """The seed with this company's settings; of what it does not set, the seed's own."""
        seed = project.node("lifecycle_settings")
        return " union all ".join(
            "select "
            + ", ".join(
                f"cast({_sql(values[name]) if name in values else name} as {kind}) as {name}"
                for name, kind in seed.column_types.items()
            )
            + f" from read_csv('{seed.file}', all_varchar = true) where business_unit = '*'"
            for values in (
                {"business_unit": unit, **asdict(own)} for unit, own in self.settings.items()
            )
        )


@dataclass(frozen=True)
class Plan:
    """What a customer of a unit is like."""

    unit: str
    customer: int
    kind: str
    starts_after: int
    gap: int
    jitter: int
    price: int
    category: str | None
    customer_type: str | None
    system: str
    chance: int
    returns_every: int
    unrated_every: int
    contract: str | None
    known_before: int | None

    @property
    def starts_on(self) -> dt.date:
        """The first day, if there is any."""
        return FIRST_DAY + dt.timedelta(self.starts_after)

    def days(self, as_of: dt.date) -> Iterator[Day]:
        """The customer's days up to `as_of`, each once."""
        taken = set()
        number = 0
        for number, (offset, price) in enumerate(self._purchases((as_of - self.starts_on).days)):
            on = self.starts_on + dt.timedelta(offset)
            if on in taken:
                continue
            taken.add(on)
            if self.unrated_every and number % self.unrated_every == 2:
                with_rate = self.chance % 2
                amount = Decimal(price) if with_rate else None
                yield Day(self.unit, self.customer, on, amount, True, 2, with_rate)
            else:
                yield Day(self.unit, self.customer, on, Decimal(price))
            back_on = on + dt.timedelta(2)
            if (
                self.returns_every
                and number % self.returns_every == 1
                and back_on <= as_of
                and back_on not in taken
            ):
                taken.add(back_on)
                yield Day(self.unit, self.customer, back_on, Decimal(-price) / 2, False)
        if self.kind == "returns_only":
            yield Day(self.unit, self.customer, self.starts_on, Decimal(-self.price), False)

    def contracts(self) -> Sequence[Contract]:
        """The customer's contracts, if the plan has any."""
        if self.contract is None:
            return []
        begin, year = self.starts_on, dt.timedelta(300 + self.gap)
        if self.chance % 2:  # ends on the last day of a month
            year = month_ends(begin + year, begin + 2 * year)[0] - begin
        own = {
            "open": [Contract(self.unit, self.customer, begin)],
            "ending": [Contract(self.unit, self.customer, begin, begin + year)],
            "cancelled": [
                Contract(self.unit, self.customer, begin, begin + 3 * year, begin + year / 2)
            ],
            "renewed": [
                Contract(self.unit, self.customer, begin, begin + year),
                Contract(self.unit, self.customer, begin + year * 1.3, begin + 2 * year),
            ],
        }
        return own[self.contract]

    def versions(self) -> list[tuple[dt.date, dt.date | None, str]]:
        """The customer's type through time; of some it becomes known late, of some it changes."""
        if self.customer_type is None:
            return []
        since = self.starts_on + dt.timedelta(self.chance % 3 * 40)
        if self.chance % 5:
            return [(since, None, self.customer_type)]
        to = since + dt.timedelta(200)
        return [(since, to, self.customer_type), (to, None, "organisation")]

    def _purchases(self, last: int) -> Iterator[tuple[int, int]]:
        """Days since the first one, with the money spent, up to `last`."""
        if self.kind in ("returns_only", "prospect"):
            return
        random = Random(self.chance)
        on, number = 0, 0
        while on <= last:
            falls = self.kind == "spending_less" and on > 450
            yield on, self.price * (3 if falls else 5)
            number += 1
            gap = self._gap(number, on, random)
            if gap is None:
                return
            on += max(1, gap)

    def _gap(self, number: int, on: int, random: Random) -> int | None:
        """Days from purchase number `number` to the next; None where there is none."""
        gap = self.gap + random.randint(-self.jitter, self.jitter)
        stop = 120 + self.chance % 7 * 60
        match self.kind:
            case "one_time":
                return None
            case "few":
                return gap * 2 if number <= 1 + self.chance % 3 else None
            case "bursty":
                return random.randint(1, 2) if number % 4 else gap * 3
            case "slowing":
                return round(gap * 1.25 ** max(0, number - 6))
            case "stopping":
                return gap if on < stop else None
            case "returning":
                return gap if number % 8 else gap * (3 + self.chance % 14)
            case "young":
                return 1 + gap // 5
        return gap


def plans() -> st.SearchStrategy[Plan]:
    """Any customer of either unit."""
    return st.builds(
        Plan,
        unit=st.sampled_from(UNITS),
        customer=st.integers(1, 25),
        kind=st.sampled_from(KINDS),
        starts_after=st.one_of(st.integers(0, 120), st.integers(0, 1100)),
        gap=st.sampled_from([30, 7, 14, 31, 45, 60, 91]),
        jitter=st.sampled_from([0, 1, 6]),
        price=st.sampled_from([10, 10, 37, 0]),
        category=st.sampled_from(CATEGORIES),
        customer_type=st.sampled_from(["person", "person", "organisation", None]),
        system=st.sampled_from(["new_till", "new_till", "new_till", "old_till"]),
        chance=st.integers(0, 99),
        returns_every=st.sampled_from([0, 0, 3, 5]),
        unrated_every=st.sampled_from([0, 0, 0, 0, 9]),
        contract=st.sampled_from([None] * 8 + ["open", "ending", "cancelled", "renewed"]),
        known_before=st.sampled_from([None, None, 0, 45, -30]),
    )


def rules() -> st.SearchStrategy[Settings]:
    """Settings, mostly with norms that few customers suffice for."""
    small = Settings(min_norm_customers=3, min_one_time_gaps=2)
    return st.sampled_from(
        [
            small,
            small,
            replace(small, min_norm_customers=1, min_one_time_gaps=1),
            replace(small, window_days=180, stability_min_tenure_days=90, recent_gaps=3),
            replace(
                small,
                window_days=91,
                shrinkage_gaps=1,
                overdue_ratio=Decimal(1),
                ended_overdue_ratio=Decimal(2),
                one_time_quantile=Decimal("0.5"),
                exploration_max_occasions=1,
                spend_fall_min_occasions=3,
                stability_min_occasions=3,
                stability_max_gap_cv=Decimal("0.5"),
                left_truncation_days=30,
            ),
            Settings(),
        ]
    )


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Up to thirty customers of two units over up to forty months."""
    own = draw(
        st.lists(
            plans(),
            min_size=draw(st.sampled_from([1, 6, 12])),
            max_size=30,
            unique_by=lambda plan: (plan.unit, plan.customer),
        )
    )
    as_of = draw(
        st.one_of(
            st.sampled_from([dt.date(2013, 3, 31), dt.date(2011, 2, 28), dt.date(2010, 2, 10)]),
            st.integers(60, 1200).map(lambda days: FIRST_DAY + dt.timedelta(days)),
        )
    )
    settings = {"*": draw(rules())}
    if draw(st.booleans()):
        settings["south"] = draw(rules())
    return company_of(own, as_of, settings)


def company_of(
    own: Sequence[Plan], as_of: dt.date, settings: Mapping[str, Settings] | None = None
) -> Company:
    """The company of these customers; of a customer of two units, the last plan tells the type."""
    heard = [plan for plan in own if plan.starts_on <= as_of]
    known_on = {
        (plan.unit, plan.customer): plan.starts_on - dt.timedelta(plan.known_before)
        for plan in heard
        if plan.known_before is not None
    } | {(plan.unit, plan.customer): plan.starts_on for plan in heard if plan.kind == "prospect"}
    company = Company(
        days=tuple(day for plan in heard for day in plan.days(as_of)),
        as_of=as_of,
        types={plan.customer: plan.versions() for plan in heard},
        categories={(plan.unit, plan.customer): plan.category for plan in heard},
        systems={(plan.unit, plan.customer): plan.system for plan in heard},
        known_on=known_on,
        contracts=tuple(contract for plan in heard for contract in plan.contracts()),
        settings=settings or {"*": Settings()},
    )
    return company.until(as_of)


def _sql(value: object) -> str:
    return "null" if value is None else f"'{value}'"


def _day_row(day: Day) -> dict[str, object]:
    return {
        "business_unit": day.unit,
        "customer_key": day.customer,
        "ordered_on": day.on,
        "orders": 1,
        "lines": day.lines,
        "lines_with_rate": day.lines_with_rate,
        "quantity": Decimal(1 if day.is_occasion else -1) * day.lines,
        "net_amount_reporting": day.amount,
        "is_occasion": day.is_occasion,
    }
