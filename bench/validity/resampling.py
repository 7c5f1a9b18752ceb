"""What a figure would have been with other customers of the same kind: the bootstrap.

Customers are drawn, never rows: the month-ends of one customer say nearly the same. Figures are
ratios and differences of sums over customers, so a figure and all its replicates are one array
whose first value is the figure itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REPLICATES = 2000
SEED = 1
_AT_ONCE = 100
_LIMITS = (2.5, 97.5)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def totals(customers: Array) -> Array:
    """The sums of a table's columns, then what they are with customers drawn anew, a row each.

    `customers` has one row per customer, `REPLICATES` rows follow the first.
    """
    count = len(customers)
    draws = np.random.default_rng(SEED)
    found = [customers.sum(axis=0)[np.newaxis]]
    for _ in range(0, REPLICATES, _AT_ONCE):
        times_drawn = draws.multinomial(count, np.full(count, 1 / count), size=_AT_ONCE)
        found.append(times_drawn.astype(np.float64) @ customers)
    return np.concatenate(found)


def ratio(part: Array, whole: Array) -> Array:
    """Their quotient, nan where there is nothing to divide by."""
    quotient = np.full_like(whole, np.nan)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient


def estimate(figures: Array) -> Estimate | None:
    """The first of the figures with the interval of the others; none where it is none."""
    if np.isnan(figures[0]):
        return None
    low, high = np.nanpercentile(figures[1:], _LIMITS)
    return Estimate(float(figures[0]), float(low), float(high))
