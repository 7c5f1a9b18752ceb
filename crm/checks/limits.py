"""Limits as data, measurements, and the checks that the two make together.

What the door and publishing share before anything is judged. Which numbers are measured is
`profiles.py` and `plausibility.py`; judging them is Great Expectations' (`expectations.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from crm.errors import CrmError
from crm.settings import PROJECT_ROOT

LIMITS = PROJECT_ROOT / "seeds/quality"

Severity = Literal["error", "warn"]
Compare = Literal["value", "ratio_to_median", "beyond_range"]
_Bound = Annotated[float, Field(allow_inf_nan=False)] | None
_Text = Annotated[str, Field(min_length=1)]
_Count = Annotated[int, Field(ge=0)]


class LimitError(CrmError):
    """A row of a limits seed that cannot be used."""


@dataclass(frozen=True)
class Limit:
    """One row of a limits seed; `seeds/quality/_quality_seeds.yml` tells what each column means."""

    applies_to: _Text
    metric: _Text
    severity: Severity
    compare: Compare
    low: _Bound
    high: _Bound
    min_history: _Count
    min_rows: _Count
    reason: _Text

    def __post_init__(self) -> None:
        """Refuse a limit that no number can keep, or that has nothing to compare with."""
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        if self.compare != "value" and self.min_history < 1:
            raise ValueError(f"{self.compare} needs a min_history of at least 1")

    @property
    def is_exemption(self) -> bool:
        """Without bounds a limit takes the ones before it away."""
        return self.low is None and self.high is None

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        if self.low is None:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"

    def excess(self, compared: float) -> float:
        """How far a compared number lies outside the bounds; 0 within, both ends included."""
        below = 0.0 if self.low is None else self.low - compared
        above = 0.0 if self.high is None else compared - self.high
        return max(below, above, 0.0)


@dataclass(frozen=True)
class Measurement:
    """One number about one subject, and what the same number was before, oldest first.

    `value` is none where there was nothing to measure; `rows` says how many rows it rests on.
    Subjects of one `group` are judged by the same check.
    """

    group: str
    subject: str
    metric: str
    value: float | None
    history: tuple[float, ...]
    rows: int


@dataclass(frozen=True)
class Check:
    """One limit over the measurements of one group: the compared numbers, and what has none.

    A check with neither has found nothing that it applies to, and cannot run.
    """

    name: str
    group: str
    limit: Limit
    judged: tuple[tuple[Measurement, float], ...] = ()
    passed_over: tuple[tuple[Measurement, str], ...] = ()

    @property
    def outside(self) -> tuple[tuple[Measurement, float], ...]:
        """What lies outside the limit, farthest first."""
        outside = [item for item in self.judged if self.limit.excess(item[1])]
        return tuple(sorted(outside, key=lambda item: -self.limit.excess(item[1])))


def load_limits(file: Path) -> tuple[Limit, ...]:
    """The rows of a limits seed, in their order. Raises `LimitError`, naming the line."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return tuple(_limit(file, n, row) for n, row in enumerate(csv.DictReader(lines), 2))
    except OSError as error:
        raise LimitError(f"{file} cannot be read: {error}.", fix="Restore the seed.") from error


def make_checks(
    limits: Sequence[Limit],
    measurements: Iterable[Measurement],
    must_apply: Iterable[tuple[str, Limit]],
) -> list[Check]:
    """Apply to each measurement the last limit of each kind that fits it, one check per group.

    A kind is a severity and a way to compare. What `must_apply` (groups and their limits) and fits
    no measurement becomes a check without numbers: a limit that applies to nothing must not look
    like one that is kept.
    """
    checks: dict[str, tuple[str, Limit]] = {}
    judged: dict[str, list[tuple[Measurement, float]]] = {}
    passed_over: dict[str, list[tuple[Measurement, str]]] = {}
    fitting: set[Limit] = set()
    for measurement in measurements:
        fit = [limit for limit in limits if _fits(limit, measurement)]
        fitting.update(fit)
        deciding = {(limit.severity, limit.compare): limit for limit in fit}
        for limit in deciding.values():
            if limit.is_exemption:
                continue
            name = _name(measurement.group, limit)
            checks[name] = (measurement.group, limit)
            compared = compare(limit, measurement)
            if isinstance(compared, str):
                passed_over.setdefault(name, []).append((measurement, compared))
            else:
                judged.setdefault(name, []).append((measurement, compared))
    for group, limit in must_apply:
        if limit not in fitting and not limit.is_exemption:
            checks[_name(group, limit)] = (group, limit)
    return [
        Check(name, group, limit, tuple(judged.get(name, ())), tuple(passed_over.get(name, ())))
        for name, (group, limit) in checks.items()
    ]


def compare(limit: Limit, measurement: Measurement) -> float | str:
    """The number that the limit bounds, or in words why there is none.

    `value`: the number itself. `ratio_to_median`: as a multiple of the median of its history.
    `beyond_range`: how far above (or, negative, below) everything in its history.
    """
    value, past = measurement.value, measurement.history
    if measurement.rows < limit.min_rows:
        return f"fewer than {limit.min_rows} rows"
    if value is None:
        return "nothing to measure"
    if len(past) < limit.min_history:
        return f"history is too short (fewer than {limit.min_history} before)"
    if limit.compare == "value":
        return value
    if limit.compare == "beyond_range":
        return min(value - min(past), 0.0) + max(value - max(past), 0.0)
    usual = median(past)
    return value / usual if usual else "the median of its history is zero"


def _fits(limit: Limit, measurement: Measurement) -> bool:
    return limit.metric == measurement.metric and fnmatchcase(measurement.subject, limit.applies_to)


def _name(group: str, limit: Limit) -> str:
    where = "" if limit.applies_to == "*" else f" [{limit.applies_to}]"
    return f"{group}: {limit.metric} {limit.compare} {limit.severity}{where}"


_LIMIT = TypeAdapter(Limit)


def _limit(file: Path, line: int, row: Mapping[str, str | None]) -> Limit:
    values = {name: value or None for name, value in row.items()}
    try:
        return _LIMIT.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LimitError(
            f"{file.name}, line {line}, is no limit: {where} {first['msg']}.",
            fix="seeds/quality/_quality_seeds.yml tells what each column may hold.",
        ) from error
