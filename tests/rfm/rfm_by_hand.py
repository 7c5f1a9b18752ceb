"""RFM computed again from its definition, snapshot by snapshot, in pandas and plain Python.

Written against the definition, not against the models: no running sums, no bounds, no seeds of
segments. Slow on purpose; only for small companies and for checking the marts of a known dataset.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from fractions import Fraction

import pandas as pd

KEYS = ["business_unit", "customer_key", "snapshot_on"]
EIGHT_CELLS = {
    (True, True, True): "important_value",
    (True, False, True): "important_development",
    (False, True, True): "important_retention",
    (False, False, True): "important_win_back",
    (True, True, False): "general_value",
    (True, False, False): "general_development",
    (False, True, False): "general_retention",
    (False, False, False): "general_win_back",
}


def month_ends(first_on: dt.date, as_of: dt.date) -> list[dt.date]:
    """Every last day of a month from `first_on`'s month to `as_of`."""
    ends = pd.date_range(first_on.replace(day=1), as_of, freq="ME")
    return [end.date() for end in ends]


def rfm(
    customer_days: pd.DataFrame, snapshots: Sequence[dt.date], window_days: int = 365
) -> pd.DataFrame:
    """One row per business unit, customer and snapshot, with the columns of the marts.

    `customer_days` has the columns of customer_base.customer_days, dates as `datetime.date`.
    """
    parts = [
        _population(days[_in_window(days, t, window_days)], t)
        for t in snapshots
        for _, days in customer_days.groupby("business_unit")
    ]
    found = [row for part in parts for row in part]
    return pd.DataFrame(found).sort_values(KEYS, ignore_index=True) if found else pd.DataFrame()


def migrations(months: pd.DataFrame, from_end: dt.date, to_end: dt.date) -> pd.DataFrame:
    """Customers by segment at two month-ends, `not_scored` for who has none; never at both."""
    moves: dict[tuple[str, str, str], int] = {}
    before = _segments_at(months, from_end)
    after = _segments_at(months, to_end)
    for unit, customer in before.keys() | after.keys():
        move = (
            unit,
            before.get((unit, customer), "not_scored"),
            after.get((unit, customer), "not_scored"),
        )
        moves[move] = moves.get(move, 0) + 1
    return pd.DataFrame(
        [(*move, customers) for move, customers in sorted(moves.items())],
        columns=["business_unit", "from_segment", "to_segment", "customers"],
    )


def segment_of(r: int, f: int, m: int) -> str:
    """The named segment of three scores, as the decision is told in words."""
    if r == 3:
        return {1: "about_to_sleep", 2: "need_attention", 3: "need_attention"}.get(f, "loyal")
    if r > 3:
        if f == 1:
            return "big_recent_spenders" if m >= 4 else "recent_buyers"
        if f <= 3:
            return "potential_loyalists"
        return "champions" if m >= 4 else "loyal"
    if f == 1:
        return "lost" if r == 1 else "hibernating"
    if f <= 3:
        return "at_risk" if m >= 3 else "hibernating"
    return "cannot_lose" if m >= 4 else "at_risk"


def _in_window(days: pd.DataFrame, t: dt.date, window_days: int) -> pd.Series:
    opens = t - dt.timedelta(days=window_days)
    return (days["ordered_on"] > opens) & (days["ordered_on"] <= t)


def _population(days: pd.DataFrame, t: dt.date) -> list[dict[str, object]]:
    rows = []
    for (unit, customer), own in days.groupby(["business_unit", "customer_key"]):
        occasions = own[own["is_occasion"]]
        if occasions.empty:
            continue
        known = own["net_amount_reporting"].dropna()
        last_on = max(occasions["ordered_on"])
        rows.append(
            {
                "business_unit": unit,
                "customer_key": customer,
                "snapshot_on": t,
                "last_occasion_on": last_on,
                "recency_days": (t - last_on).days,
                "frequency": len(occasions),
                "monetary_amount": sum(known) if own["lines_with_rate"].sum() else None,
                "monetary_coverage_ratio": round(
                    int(own["lines_with_rate"].sum()) / int(own["lines"].sum()), 9
                ),
            }
        )
    valued = [row for row in rows if row["monetary_amount"] is not None]
    _score(rows, "r_score", lambda row: -row["recency_days"])
    _score(rows, "f_score", lambda row: row["frequency"])
    _score(valued, "m_score", lambda row: row["monetary_amount"])
    _cell(valued)
    _compare_with_means(rows, valued)
    for row in valued:
        row["segment"] = segment_of(row["r_score"], row["f_score"], row["m_score"])
    for row in rows:
        for column in ("m_score", "hughes_r", "hughes_f", "hughes_m", "segment", "eight_cell"):
            row.setdefault(column, None)
    return rows


def _score(rows: list[dict], column: str, goodness: Callable[[dict], object]) -> None:
    values = sorted(goodness(row) for row in rows)
    for row in rows:
        worse = values.index(goodness(row))
        percent_rank = Fraction(worse, len(values) - 1) if len(values) > 1 else Fraction(0)
        row[column] = min(5, 1 + int(5 * percent_rank))


def _cell(rows: list[dict]) -> None:
    for by_r in _fifths(
        rows,
        "hughes_r",
        lambda row: (
            -row["recency_days"],
            row["frequency"],
            row["monetary_amount"],
            row["customer_key"],
        ),
    ):
        for by_f in _fifths(
            by_r,
            "hughes_f",
            lambda row: (row["frequency"], row["monetary_amount"], row["customer_key"]),
        ):
            _fifths(by_f, "hughes_m", lambda row: (row["monetary_amount"], row["customer_key"]))


def _fifths(rows: list[dict], column: str, order: Callable[[dict], object]) -> list[list[dict]]:
    queue = sorted(rows, key=order)
    share, larger = divmod(len(queue), 5)
    fifths, start = [], 0
    for number in range(5):
        end = start + share + (number < larger)
        for row in queue[start:end]:
            row[column] = number + 1
        fifths.append(queue[start:end])
        start = end
    return fifths


def _compare_with_means(rows: list[dict], valued: list[dict]) -> None:
    if not valued:
        return
    days = Fraction(sum(row["recency_days"] for row in rows), len(rows))
    occasions = Fraction(sum(row["frequency"] for row in rows), len(rows))
    money = Fraction(sum(row["monetary_amount"] for row in valued)) / len(valued)
    for row in valued:
        row["eight_cell"] = EIGHT_CELLS[
            row["recency_days"] < days,
            row["frequency"] > occasions,
            Fraction(row["monetary_amount"]) > money,
        ]


def _segments_at(months: pd.DataFrame, end: dt.date) -> dict[tuple[str, int], str]:
    rows = months[(months["snapshot_on"] == end) & months["segment"].notna()]
    return {
        (unit, customer): segment
        for unit, customer, segment in zip(
            rows["business_unit"], rows["customer_key"], rows["segment"], strict=True
        )
    }
