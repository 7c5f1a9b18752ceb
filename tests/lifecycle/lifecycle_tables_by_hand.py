"""Intervals, transitions, flows, cohorts and dwell times, counted from the rows by hand.

All but the cohorts are counted from the rows of `lifecycle_by_hand.lifecycle`. How a stage comes
about is not decided here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

import pandas as pd
from lifecycle_by_hand import histories, month_ends

NOT_KNOWN = "not_known"
INTERVALS = ["business_unit", "customer_key", "entered_on", "left_on", "stage", "previous_stage",
             "next_stage", "reason", "months", "is_left_truncated"]  # fmt: skip
TRANSITIONS = ["business_unit", "month_end", "from_stage", "to_stage", "customers", "share_of_from"]
FLOWS = ["business_unit", "month_end", "opening", "new", "reactivated", "renewed", "lapsed",
         "closing",
         "current", "returning", "buyers"]  # fmt: skip
COHORTS = ["business_unit", "acquired_month_on", "age_months", "customers", "active_customers",
           "active_share", "net_amount", "cumulative_net_amount"]  # fmt: skip
DWELL_TIMES = ["business_unit", "stage", "months", "at_risk", "left", "survival"]


def month_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows at month-ends."""
    return rows[rows["is_month_end"].astype(bool)] if len(rows) else rows


def stage_intervals(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per unit, customer and unbroken run of a stage over the month-ends."""
    found = []
    for own in _by_customer(month_rows(rows)).values():
        runs: list[list[dict]] = []
        for row in own:
            if runs and runs[-1][-1]["stage"] == row["stage"]:
                runs[-1].append(row)
            else:
                runs.append([row])
        for run, before, after in zip(runs, [None, *runs], [*runs[1:], None], strict=False):
            found.append(
                {
                    "business_unit": run[0]["business_unit"],
                    "customer_key": run[0]["customer_key"],
                    "entered_on": run[0]["snapshot_on"],
                    "left_on": after and after[0]["snapshot_on"],
                    "stage": run[0]["stage"],
                    "previous_stage": before and before[0]["stage"],
                    "next_stage": after and after[0]["stage"],
                    "reason": run[0]["reason"],
                    "months": len(run),
                    "is_left_truncated": run[0]["is_left_truncated"],
                }
            )
    return pd.DataFrame(found, columns=INTERVALS, dtype=object)


def transitions(rows: pd.DataFrame) -> pd.DataFrame:
    """Customers by month-end, stage at the month-end before and stage at it."""
    moves: Counter[tuple[str, dt.date, str, str]] = Counter()
    for own in _by_customer(month_rows(rows)).values():
        before = NOT_KNOWN
        for row in own:
            moves[row["business_unit"], row["snapshot_on"], before, row["stage"]] += 1
            before = row["stage"]
    of_stage: Counter[tuple[str, dt.date, str]] = Counter()
    for (unit, month_end, before, _), customers in moves.items():
        of_stage[unit, month_end, before] += customers
    return pd.DataFrame(
        [
            {
                "business_unit": unit,
                "month_end": month_end,
                "from_stage": before,
                "to_stage": after,
                "customers": customers,
                "share_of_from": None
                if before == NOT_KNOWN
                else Fraction(customers, of_stage[unit, month_end, before]),
            }
            for (unit, month_end, before, after), customers in sorted(moves.items())
        ],
        columns=TRANSITIONS,
        dtype=object,
    )


def flows(rows: pd.DataFrame, customer_days: pd.DataFrame) -> pd.DataFrame:
    """Current customers of each unit and month: how many there were, came, came back and went."""
    bought = histories(customer_days)
    counts: dict[tuple[str, dt.date], Counter[str]] = defaultdict(Counter)
    for (unit, customer), own in _by_customer(month_rows(rows)).items():
        before = None
        for row in own:
            t = row["snapshot_on"]
            month_before = t.replace(day=1) - dt.timedelta(1)
            opening = before is not None and before["is_current"]
            is_new = bool(row["occasions"]) and row["first_occasion_on"] > month_before
            back = row["is_reactivated"]
            has_bought = (unit, customer) in bought and bought[unit, customer].bought_in(
                month_before, t
            )
            is_renewed = row["is_current"] and not (opening or is_new or back)
            went = (opening or is_new or back) and not row["is_current"]
            counts[unit, t].update(
                opening=opening,
                new=is_new,
                reactivated=back,
                renewed=is_renewed,
                lapsed=went,
                closing=opening + is_new + back + is_renewed - went,
                current=row["is_current"],
                returning=has_bought and not is_new and not back,
                buyers=has_bought,
            )
            before = row
    return pd.DataFrame(
        [
            {"business_unit": unit, "month_end": t, **found}
            for (unit, t), found in sorted(counts.items())
        ],
        columns=FLOWS,
        dtype=object,
    )


def cohort_retention(
    customer_days: pd.DataFrame,
    as_of: dt.date,
    truncated: Iterable[tuple[str, int]] = (),
) -> pd.DataFrame:
    """Customers of each unit and month of the first occasion, whole month by whole month.

    An amount is None when one of its lines has no rate, and so is what accumulates from it.
    """
    cohorts = defaultdict(list)
    for (unit, customer), history in histories(customer_days).items():
        if history.occasions and (unit, customer) not in set(truncated):
            cohorts[unit, history.occasions[0].replace(day=1)].append(history)
    found = []
    for (unit, acquired), members in sorted(cohorts.items()):
        total: Decimal | None = Decimal(0)
        for age, end in enumerate(month_ends(acquired, as_of)):
            before = end.replace(day=1) - dt.timedelta(1)
            active = sum(member.bought_in(before, end) for member in members)
            amounts = [member.spent_in(before, end) for member in members]
            amount = None if None in amounts else sum(amounts, Decimal(0))
            total = None if total is None or amount is None else total + amount
            found.append(
                {
                    "business_unit": unit,
                    "acquired_month_on": acquired,
                    "age_months": age,
                    "customers": len(members),
                    "active_customers": active,
                    "active_share": Fraction(active, len(members)),
                    "net_amount": amount,
                    "cumulative_net_amount": total,
                }
            )
    return pd.DataFrame(found, columns=COHORTS, dtype=object)


def dwell_times(intervals: pd.DataFrame) -> pd.DataFrame:
    """Kaplan-Meier survival in each unit and stage by whole months since it was entered.

    A run that lasts was last seen in its stage one month less after it was entered than it has
    rows. Customers who may be older than the data are left out.
    """
    left: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    censored: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for run in intervals.to_dict("records"):
        if not run["is_left_truncated"]:
            stage = run["business_unit"], run["stage"]
            if run["left_on"] is None:
                censored[stage][run["months"] - 1] += 1
            else:
                left[stage][run["months"]] += 1
    found = []
    for unit, stage in sorted({*left, *censored}):
        ends, stops = left[unit, stage], censored[unit, stage]
        survival = Fraction(1)
        for months in range(1, max([*ends, *stops]) + 1):
            at_risk = sum(runs for age, runs in (ends + stops).items() if age >= months)
            survival *= 1 - Fraction(ends[months], at_risk)
            found.append(
                {
                    "business_unit": unit,
                    "stage": stage,
                    "months": months,
                    "at_risk": at_risk,
                    "left": ends[months],
                    "survival": survival,
                }
            )
    return pd.DataFrame(found, columns=DWELL_TIMES, dtype=object)


def truncated_customers(rows: pd.DataFrame) -> set[tuple[str, int]]:
    """Who may be older than the data."""
    if rows.empty:
        return set()
    marked = rows[rows["is_left_truncated"].astype(bool)]
    return set(zip(marked["business_unit"], marked["customer_key"], strict=True))


def _by_customer(rows: pd.DataFrame) -> Mapping[tuple[str, int], list[dict]]:
    own = defaultdict(list)
    for row in rows.to_dict("records"):
        own[row["business_unit"], row["customer_key"]].append(row)
    return {key: sorted(found, key=lambda row: row["snapshot_on"]) for key, found in own.items()}
