"""What customers did in the months after a month-end, by the stage that it told.

Counted here from the customers' months, and compared with the back-test that is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd

from bench.processes import BenchError
from bench.validity.resampling import Array, Estimate, estimate, ratio, totals

PUBLISHED = "lifecycle.lifecycle_customer_months"
STAGES = ("stability", "formation", "exploration", "decline", "ended")
SUMS = ("customer_months", "repurchases", "months_with_rate", "amount")
MEASURES = {
    "repurchase": ("repurchases", "customer_months"),
    "amount": ("amount", "months_with_rate"),
}

_FOLLOWED = """
    select
        m.business_unit,
        m.customer_key,
        m.month_end,
        n.month_end as judged_on,
        m.stage,
        m.is_left_truncated,
        1 as customer_months,
        cast(n.occasions > m.occasions as integer) as repurchases,
        cast(n.spend_recent_amount is not null as integer) as months_with_rate,
        n.spend_recent_amount as amount
    from {months} as m
    inner join {months} as n
        on m.business_unit = n.business_unit
        and m.customer_key = n.customer_key
        and n.month_end = last_day(m.month_end + to_months({later}))
    where m.occasions > 0
"""
_AS_PUBLISHED = """(
    select
        business_unit,
        month_end,
        judged_on,
        stage,
        count(*) as customers,
        sum(repurchases) as repurchasers,
        round(repurchasers / cast(customers as double), 9) as repurchase_rate,
        cast(sum(amount) / nullif(count(amount), 0) as decimal(18, 4)) as mean_next_amount
    from ({followed})
    group by all
)"""


@dataclass(frozen=True)
class Stage:
    """What the customers of one stage did, over all month-ends together."""

    customers: int
    customer_months: int
    of: Mapping[str, Estimate | None]


@dataclass(frozen=True)
class Difference:
    """A stage less the next one that had customers: over all month-ends, and at the same ones."""

    better: str
    worse: str
    pooled: Estimate | None
    at_same_month_end: Estimate | None


@dataclass(frozen=True)
class Outcomes:
    """The stages that had customers, best first, and the differences of neighbours by measure."""

    month_ends: Sequence[pd.Timestamp]
    stages: Mapping[str, Stage]
    differences: Mapping[str, Sequence[Difference]]


def verdict(difference: Estimate | None) -> str:
    """What an interval allows to say of the order."""
    if difference is None:
        return "no customers"
    if difference.low > 0:
        return "supported"
    return "**reversed**" if difference.high < 0 else "undecided"


def followed(con: duckdb.DuckDBPyConnection, later: int, months: str = PUBLISHED) -> pd.DataFrame:
    """A row per customer and month-end that has `later` months after it: what was done in these.

    `months` is the table of customers' months. Raises `BenchError` when it is the published one and
    the published back-test says otherwise.
    """
    query = _FOLLOWED.format(months=months, later=int(later))
    if months == PUBLISHED:
        published = "lifecycle.lifecycle_backtest_months"
        must_be_equal(con, _AS_PUBLISHED.format(followed=query), published)
    return con.execute(
        f"select * replace (coalesce(amount, 0)::double as amount) from ({query})"
    ).df()


def must_be_equal(con: duckdb.DuckDBPyConnection, counted: str, published: str) -> None:
    """Raise `BenchError` where what was counted and the published table have other rows."""
    for one, other in ((counted, published), (published, counted)):
        row = con.execute(f"from {one} except all from {other} limit 1").fetchone()
        if row is not None:
            raise BenchError(
                f"{published} and what is counted from the customers' months differ: {row}.",
                fix="Find out which of the two is wrong before any of this is believed.",
            )


def outcomes(rows: pd.DataFrame) -> Outcomes:
    """Rates, amounts and differences of `rows`, which are as `followed` gives them."""
    present = [stage for stage in STAGES if (rows["stage"] == stage).any()]
    month_ends = sorted(rows["month_end"].unique())
    sums = resampled(rows, {"stage": present, "month_end": month_ends})
    of_stage = {stage: rows[rows["stage"] == stage] for stage in present}
    differences = {
        measure: [
            Difference(
                better,
                worse,
                estimate(ratio(*_pooled(sums, one, measure)) - ratio(*_pooled(sums, two, measure))),
                estimate(at_same_month_end(sums, one, two, measure)),
            )
            for (one, better), (two, worse) in pairwise(enumerate(present))
        ]
        for measure in MEASURES
    }
    return Outcomes(
        month_ends,
        {
            stage: Stage(
                of_stage[stage]["customer_key"].nunique(),
                len(of_stage[stage]),
                {name: estimate(ratio(*_pooled(sums, place, name))) for name in MEASURES},
            )
            for place, stage in enumerate(present)
        },
        differences,
    )


def resampled(rows: pd.DataFrame, by: Mapping[str, Iterable[object]]) -> Array:
    """`SUMS` of rows, the true ones first, with an axis for each column of `by` and its values."""
    values = {column: pd.Index(list(wanted)) for column, wanted in by.items()}
    customers, numbers = np.unique(rows["customer_key"].to_numpy(), return_inverse=True)
    places = [index.get_indexer(pd.Index(rows[column])) for column, index in values.items()]
    shape = (len(customers), *(len(index) for index in values.values()), len(SUMS))
    table = np.zeros(shape)
    np.add.at(table, (numbers, *places), rows[list(SUMS)].to_numpy(dtype=float))
    return totals(table.reshape(len(customers), -1)).reshape(-1, *shape[1:])


def at_same_month_end(sums: Array, one: int, two: int, measure: str) -> Array:
    """What a measure of stage `one` is above that of `two` at each month-end, in the mean.

    Month-ends are weighted as Mantel and Haenszel do. `sums` has replicates × stages × month-ends ×
    `SUMS`.
    """
    (part, whole), (other_part, other_whole) = (
        _parts(sums, stage, measure) for stage in (one, two)
    )
    weights = np.nan_to_num(ratio(whole * other_whole, whole + other_whole))
    differences = np.nan_to_num(ratio(part, whole) - ratio(other_part, other_whole))
    return ratio((weights * differences).sum(axis=1), weights.sum(axis=1))


def _parts(sums: Array, stage: int, measure: str) -> tuple[Array, Array]:
    """Numerator and denominator of a measure by replicate and month-end."""
    part, whole = (sums[:, stage, :, SUMS.index(name)] for name in MEASURES[measure])
    return part, whole


def _pooled(sums: Array, stage: int, measure: str) -> tuple[Array, Array]:
    part, whole = _parts(sums, stage, measure)
    return part.sum(axis=1), whole.sum(axis=1)
