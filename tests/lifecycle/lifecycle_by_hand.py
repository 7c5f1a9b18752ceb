"""The lifecycle computed again from its definition: snapshot by snapshot, customer by customer.

Written against the definition, not against the models: whole numbers and fractions, no sums that
are carried on, no intervals of validity. What is published of the stages is derived from the same
rows in `lifecycle_tables_by_hand.py`.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pandas as pd

KEYS = ["business_unit", "customer_key", "snapshot_on"]
IMMEDIATE = ("potential", "decline", "ended")
LOST = ("is_overdue", "is_ended", "is_one_time_lost")
Customer = tuple[str, int]  # business unit, customer key
Row = dict[str, object]


@dataclass(frozen=True)
class Settings:
    """What the seed says for a business unit."""

    window_days: int = 365
    shrinkage_gaps: int = 2
    min_norm_customers: int = 30
    overdue_ratio: Decimal = Decimal(2)
    ended_overdue_ratio: Decimal = Decimal(4)
    one_time_quantile: Decimal = Decimal("0.9")
    min_one_time_gaps: int = 30
    spend_fall_min_occasions: int = 5
    spend_fall_ratio: Decimal = Decimal("0.8")
    exploration_max_occasions: int = 2
    stability_min_occasions: int = 5
    stability_min_tenure_days: int = 180
    stability_max_gap_cv: Decimal = Decimal(1)
    recent_gaps: int = 6
    left_truncation_days: int = 90
    category_min_gaps: int = 4
    break_normal_quantile: Decimal = Decimal("1.6449")
    regularity_min_gaps: int = 6

    @property
    def half_window_days(self) -> int:
        """H, the days within which a fall of spend is looked for."""
        return self.window_days // 2


@dataclass(frozen=True)
class Contract:
    """A service contract; `ends_on` None is an open end, `ended_on` None runs on."""

    unit: str
    customer: int
    starts_on: dt.date
    ends_on: dt.date | None = None
    ended_on: dt.date | None = None

    @property
    def end(self) -> dt.date | None:
        """The last day that is known of."""
        return self.ended_on or self.ends_on


@dataclass(frozen=True)
class Known:
    """What is known beside the customer-days.

    `types` holds (valid_from, valid_to, type) per customer. `history_starts` holds, per unit and
    customer, the days on which the histories of the first occasion's systems begin.
    """

    types: Mapping[int, Sequence[tuple[dt.date, dt.date | None, str]]] = field(default_factory=dict)
    first_categories: Mapping[Customer, str | None] = field(default_factory=dict)
    known_on: Mapping[Customer, dt.date] = field(default_factory=dict)
    history_starts: Mapping[Customer, Sequence[dt.date]] = field(default_factory=dict)
    contracts: Sequence[Contract] = ()
    settings: Mapping[str, Settings] = field(default_factory=dict)

    def settings_of(self, unit: str) -> Settings:
        """The unit's own settings, else those of '*', else the defaults."""
        return self.settings.get(unit) or self.settings.get("*") or Settings()

    def first_category_of(self, unit: str, customer: int) -> str:
        """The category of the first occasion, `none` where it has none."""
        return self.first_categories.get((unit, customer)) or "none"

    def type_of(self, customer: int, t: dt.date) -> str:
        """The customer's type at the end of `t`."""
        for valid_from, valid_to, customer_type in self.types.get(customer, ()):
            if valid_from <= t and (valid_to is None or t < valid_to):
                return customer_type
        return "unknown"


class History:
    """One customer's days in one unit, in order."""

    def __init__(self, days: Iterable[tuple[dt.date, bool, int, int, Decimal | None]]) -> None:
        ordered = sorted(days)
        self.occasions = [on for on, is_occasion, *_ in ordered if is_occasion]
        self.dates = [on for on, *_ in ordered]
        self.amounts = [
            amount if with_rate == lines else None for *_, lines, with_rate, amount in ordered
        ]

    def occasions_until(self, t: dt.date) -> list[dt.date]:
        """Purchase occasions up to `t`."""
        return self.occasions[: bisect_right(self.occasions, t)]

    def bought_in(self, after: dt.date, to: dt.date) -> bool:
        """Whether an occasion lies in (after, to]."""
        return bisect_right(self.occasions, after) < bisect_right(self.occasions, to)

    def spent_in(self, after: dt.date, to: dt.date) -> Decimal | None:
        """Net amount in (after, to]; None when one of its lines has no rate."""
        found = self.amounts[bisect_right(self.dates, after) : bisect_right(self.dates, to)]
        return None if None in found else sum(found, Decimal(0))


def month_ends(first_on: dt.date, as_of: dt.date) -> list[dt.date]:
    """Every last day of a month from `first_on`'s month to `as_of`."""
    return [end.date() for end in pd.date_range(first_on.replace(day=1), as_of, freq="ME")]


def snapshots(first_on: dt.date, as_of: dt.date) -> list[dt.date]:
    """The month-ends and the as-of date."""
    ends = month_ends(first_on, as_of)
    return ends if as_of in ends else [*ends, as_of]


def histories(customer_days: pd.DataFrame) -> dict[Customer, History]:
    """The days of customer_base.customer_days by business unit and customer."""
    days = defaultdict(list)
    columns = ["business_unit", "customer_key", "ordered_on", "is_occasion", "lines",
               "lines_with_rate", "net_amount_reporting"]  # fmt: skip
    for unit, customer, *day in customer_days[columns].itertuples(index=False):
        days[unit, int(customer)].append(tuple(day))
    return {key: History(own) for key, own in days.items()}


def regularity(gaps: Sequence[int], rules: Settings) -> Fraction | None:
    """Wheat and Morrison's k: of two gaps in a row the first one's share varies by 1/(4(2k+1))."""
    if len(gaps) < rules.regularity_min_gaps:
        return None
    shares = [Fraction(one, one + other) for one, other in pairwise(gaps)]
    variance = sum((share - Fraction(1, 2)) ** 2 for share in shares) / len(shares)
    return min(Fraction(100), (1 / (4 * variance) - 1) / 2) if variance else Fraction(100)


def gaps_between(occasions: Sequence[dt.date]) -> list[int]:
    """Days from each occasion to the next."""
    return [(later - earlier).days for earlier, later in pairwise(occasions)]


def lifecycle(
    customer_days: pd.DataFrame,
    as_of: dt.date,
    known: Known | None = None,
    first_on: dt.date | None = None,
) -> pd.DataFrame:
    """One row per business unit, customer and snapshot: measures, rules, stage.

    `customer_days` has the columns of customer_base.customer_days, dates as `datetime.date` and
    amounts as `Decimal`. `first_on` is the first day of the calendar, by default that of the days.
    """
    known = known or Known()
    every = {
        key: history
        for key, history in histories(customer_days).items()
        if history.occasions or key in known.known_on
    }
    every |= {key: History([]) for key in known.known_on if key not in every}
    begin = first_on or min([*customer_days["ordered_on"], as_of])
    rows: list[Row] = []
    for unit in sorted({unit for unit, _ in every}):
        own = {customer: history for (u, customer), history in every.items() if u == unit}
        rows += _unit_rows(unit, own, snapshots(begin, as_of), known)
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else KEYS, dtype=object)


def _unit_rows(
    unit: str, own: Mapping[int, History], dates: Sequence[dt.date], known: Known
) -> list[Row]:
    rules = known.settings_of(unit)
    contracts = defaultdict(list)
    for contract in known.contracts:
        if contract.unit == unit:
            contracts[contract.customer].append(contract)
    before: dict[int, Row] = {}
    rows = []
    for t in dates:
        now = {customer: _measured(history, t, rules) for customer, history in own.items()}
        groups = {
            customer: (known.type_of(customer, t), known.first_category_of(unit, customer))
            for customer, measures in now.items()
            if measures["occasions"]
        }
        norms = _norms(now, groups, rules)
        q90 = _one_time_bound(own.values(), t, rules)
        for customer, measures in now.items():
            known_on = known.known_on.get((unit, customer))
            if not measures["occasions"] and (known_on is None or known_on > t):
                continue
            customer_type, category = groups.get(customer, (None, None))
            norm = norms.get(groups.get(customer))
            row = {"business_unit": unit, "customer_key": customer, "snapshot_on": t, **measures}
            row |= {"customer_type": customer_type, "first_category": category}
            row |= {"norm_gap_days": norm, "one_time_bound_days": q90}
            row |= _cadence(row, norm, rules)
            row |= _silence(row, before.get(customer), q90, rules)
            row["contract_ended_on"] = _contract_ended_on(contracts[customer], row, t)
            row["is_spend_fallen"] = _spend_fell(row, rules)
            row["is_left_truncated"] = _is_left_truncated(row, known, rules)
            row["indicated_stage"], row["indicated_reason"] = _indicated(row, rules)
            row |= _confirmed(row, before.get(customer))
            rows.append(row)
            before[customer] = row
    return rows


def _measured(history: History, t: dt.date, rules: Settings) -> Row:
    bought = history.occasions_until(t)
    year, half = dt.timedelta(rules.window_days), dt.timedelta(rules.half_window_days)
    return {
        "occasions": len(bought),
        "first_occasion_on": bought[0] if bought else None,
        "last_occasion_on": bought[-1] if bought else None,
        "recency_days": (t - bought[-1]).days if bought else None,
        "tenure_days": (t - bought[0]).days if bought else None,
        "gap_cv": _variation(gaps_between(bought)[-rules.recent_gaps :]),
        "spend_recent": history.spent_in(t - half, t) if bought else None,
        "spend_year_before": history.spent_in(t - year - half, t - year) if bought else None,
        "spend_window": history.spent_in(t - year, t) if bought else None,
    }


def _variation(gaps: Sequence[int]) -> Decimal | None:
    """Sample standard deviation over mean, rounded to nine decimals."""
    if len(gaps) < 2:
        return None
    mean = Fraction(sum(gaps), len(gaps))
    squared = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1) / mean**2
    with localcontext() as context:
        context.prec = 40
        root = (Decimal(squared.numerator) / Decimal(squared.denominator)).sqrt()
    return _decimal(rounded(Fraction(root), 9))


def _norms(
    now: Mapping[int, Row], groups: Mapping[int, tuple[str, str]], rules: Settings
) -> dict[tuple[str, str] | None, Fraction | None]:
    """The mean gap that a customer of each group is compared with."""
    of_group: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for customer, group in groups.items():
        row = now[customer]
        gaps = row["occasions"] - 1
        if gaps:
            days = (row["last_occasion_on"] - row["first_occasion_on"]).days
            of_group[group].append(Fraction(days, gaps))
    of_unit = _mean([gap for found in of_group.values() for gap in found])
    return {
        group: _mean(of_group[group])
        if len(of_group[group]) >= max(1, rules.min_norm_customers)
        else of_unit
        for group in set(groups.values())
    }


def _mean(values: Sequence[Fraction]) -> Fraction | None:
    alike = Counter(values)
    if not alike:
        return None
    total = sum((value * times for value, times in alike.items()), Fraction(0))
    return rounded(total / len(values), 6)


def _one_time_bound(histories: Iterable[History], t: dt.date, rules: Settings) -> int | None:
    """The days within which nine in ten second purchases come, of who is known long enough."""
    gaps = sorted(
        (bought[1] - bought[0]).days
        for bought in (history.occasions_until(t) for history in histories)
        if len(bought) > 1 and bought[0] <= t - dt.timedelta(rules.window_days)
    )
    if not gaps or len(gaps) < rules.min_one_time_gaps:
        return None
    wanted = Fraction(rules.one_time_quantile) * len(gaps)
    return next(gap for place, gap in enumerate(gaps, 1) if place >= wanted)


def _cadence(row: Row, norm: Fraction | None, rules: Settings) -> Row:
    n, k = row["occasions"], rules.shrinkage_gaps
    if not n or (n == 1 and (norm is None or k == 0)):
        return {"expected_gap_days": None, "overdue_ratio": None}
    days = (row["last_occasion_on"] - row["first_occasion_on"]).days
    expected = (k * norm + days) / (k + n - 1)
    return {"expected_gap_days": expected, "overdue_ratio": row["recency_days"] / expected}


def _silence(row: Row, before: Row | None, q90: int | None, rules: Settings) -> Row:
    """What silence has shown, now or at an earlier snapshot since the last occasion."""
    ratio, recency = row["overdue_ratio"], row["recency_days"]
    shown = {
        "is_overdue": ratio is not None and ratio >= Fraction(rules.overdue_ratio),
        "is_ended": ratio is not None
        and ratio >= Fraction(rules.ended_overdue_ratio)
        and recency >= rules.window_days,
        "is_one_time_lost": row["occasions"] == 1 and q90 is not None and row["tenure_days"] > q90,
    }
    if before and before["occasions"] == row["occasions"]:
        return {flag: now or before[flag] for flag, now in shown.items()}
    return shown


def _contract_ended_on(contracts: Iterable[Contract], row: Row, t: dt.date) -> dt.date | None:
    ends = [contract.end for contract in contracts if contract.starts_on <= t]
    if not ends or not row["occasions"] or any(end is None or end >= t for end in ends):
        return None
    return max(ends) if row["last_occasion_on"] <= max(ends) else None


def _spend_fell(row: Row, rules: Settings) -> bool:
    recent, year_before = row["spend_recent"], row["spend_year_before"]
    return (
        row["occasions"] >= max(1, rules.spend_fall_min_occasions)
        and row["tenure_days"] >= rules.window_days + rules.half_window_days
        and recent is not None
        and year_before is not None
        and year_before > 0
        and recent <= rules.spend_fall_ratio * year_before
    )


def _is_left_truncated(row: Row, known: Known, rules: Settings) -> bool:
    starts = known.history_starts.get((row["business_unit"], row["customer_key"]), ())
    first_on = row["first_occasion_on"]
    return first_on is not None and any(
        first_on < start + dt.timedelta(rules.left_truncation_days) for start in starts
    )


def _indicated(row: Row, rules: Settings) -> tuple[str, str]:
    """Stage and reason that the rules say at this snapshot: the first that holds."""
    n, tenure, variation = row["occasions"], row["tenure_days"], row["gap_cv"]
    if n == 0:
        return "potential", "no_purchase_yet"
    if row["contract_ended_on"]:
        return "ended", "contract_ended"
    if row["is_ended"]:
        return "ended", "silent_for_window"
    if n >= 2 and row["is_overdue"]:
        return "decline", "overdue"
    if row["is_one_time_lost"]:
        return "decline", "no_second_purchase"
    if row["is_spend_fallen"]:
        return "decline", "spend_fell"
    if n <= rules.exploration_max_occasions:
        return "exploration", "few_purchases"
    if n < rules.stability_min_occasions:
        return "formation", "too_few_purchases"
    if tenure < rules.stability_min_tenure_days:
        return "formation", "too_young"
    if variation is not None and variation <= rules.stability_max_gap_cv:
        return "stability", "steady_purchases"
    return "formation", "irregular_purchases"


def _confirmed(row: Row, before: Row | None) -> Row:
    """The stage that stands, since when, and what was before."""
    t, indicated = row["snapshot_on"], row["indicated_stage"]
    is_month_end = (t + dt.timedelta(1)).day == 1
    if (
        before is None
        or indicated in IMMEDIATE
        or before["stage"] in IMMEDIATE
        or (indicated == before["indicated_stage"] and is_month_end)
    ):
        stage = indicated
    else:
        stage = before["stage"]
    stays = before is not None and before["stage"] == stage
    lost = before is not None and (before["stage"] == "ended" or any(before[flag] for flag in LOST))
    return {
        "stage": stage,
        "reason": row["indicated_reason"] if stage == indicated else "awaiting_confirmation",
        "entered_on": before["entered_on"] if stays else t,
        "previous_stage": before and before["previous_stage" if stays else "stage"],
        "is_reactivated": lost and row["occasions"] > before["occasions"],
        "is_current": row["occasions"] > 0
        and stage != "ended"
        and not any(row[flag] for flag in LOST),
        "is_month_end": is_month_end,
    }


def rounded(value: Fraction, digits: int) -> Fraction:
    """Rounded to so many decimals, a half away from zero."""
    scale = 10**digits
    whole = (abs(value) * scale + Fraction(1, 2)).__floor__()
    return Fraction(whole if value >= 0 else -whole, scale)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
