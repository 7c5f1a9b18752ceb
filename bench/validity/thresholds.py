"""What the stages would be with another rule for who is late, and whether that mends their order.

The stages are told again from the evidence beside them; with the rule of the settings they must be
the published ones. A rule is chosen on one half of the month-ends and judged on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from bench.validity.resampling import Estimate, estimate
from bench.validity.stages import (
    PUBLISHED,
    at_same_month_end,
    followed,
    must_be_equal,
    resampled,
)

RESTAGED = "restaged_months"
_PAIR = ("exploration", "decline")
_HALVES = (("the earlier half", "the later half"), ("every odd one", "every even one"))

_RESTAGED = f"""
    create or replace temp table {RESTAGED} as
    with

    lost_ages as (
        select distinct business_unit, snapshot_on as month_end, one_time_days
        from lifecycle.lifecycle_cadence_norms
    ),

    silent as (
        select
            m.*,
            coalesce(bool_or(m.recency_days >= $ratio * m.expected_gap_days) over silence, false)
                as is_overdue,
            coalesce(bool_or(
                m.recency_days >= $ended_overdue_ratio * m.expected_gap_days
                and m.recency_days >= $window_days
            ) over silence, false) as is_ended,
            coalesce(bool_or(m.tenure_days > a.one_time_days) over silence, false) as is_lost
        from {PUBLISHED} as m
        left join lost_ages as a using (business_unit, month_end)
        window silence as (
            partition by m.business_unit, m.customer_key, m.occasions order by m.month_end
        )
    ),

    indicated as (
        select
            * replace (
                case
                    when occasions = 0 then 'no_purchase_yet'
                    when contract_ended_on is not null then 'contract_ended'
                    when is_ended then 'silent_for_window'
                    when occasions > 1 and is_overdue then 'overdue'
                    when occasions = 1 and (is_lost or $with_one_time and is_overdue)
                        then 'no_second_purchase'
                    when occasions >= $spend_fall_min_occasions
                        and tenure_days >= $window_days + $window_days // 2
                        and spend_year_before_amount > 0
                        and spend_recent_amount <= $spend_fall_ratio * spend_year_before_amount
                        then 'spend_fell'
                    when occasions <= $exploration_max_occasions then 'few_purchases'
                    when occasions < $stability_min_occasions then 'too_few_purchases'
                    when tenure_days < $stability_min_tenure_days then 'too_young'
                    when gap_cv <= $stability_max_gap_cv then 'steady_purchases'
                    else 'irregular_purchases'
                end as reason
            )
        from silent
    ),

    named as (
        select
            i.* replace (r.stage as indicated_stage),
            lag(r.stage) over in_time as indicated_before,
            r.stage in ('potential', 'decline', 'ended') as is_immediate
        from indicated as i
        inner join lifecycle.lifecycle_reasons as r using (reason)
        window in_time as (partition by i.business_unit, i.customer_key order by i.month_end)
    )

    select
        * replace (
            last_value(
                if(
                    is_immediate
                    or indicated_before is null
                    or indicated_before in ('potential', 'decline', 'ended', indicated_stage),
                    indicated_stage,
                    null
                ) ignore nulls
            ) over (
                partition by business_unit, customer_key order by month_end
            ) as stage
        )
    from named
"""


@dataclass(frozen=True)
class Rule:
    """From which overdue ratio on a customer is in decline, and whether one-time buyers are too."""

    ratio: float
    with_one_time: bool = False

    def __str__(self) -> str:
        """How the page calls it."""
        return f"{self.ratio:g}{', one-time too' if self.with_one_time else ''}"


RULES = (*map(Rule, (2.0, 2.5, 3.0, 3.5, 4.0)), Rule(2.0, True), Rule(3.0, True))


@dataclass(frozen=True)
class Choice:
    """The first rule that mends the order on some month-ends, and what it does on the others.

    `chosen` is none where no rule does. Differences are exploration less decline at the same
    month-ends, by rule.
    """

    on: str
    chosen: Rule | None
    there: Mapping[Rule, Estimate | None]
    elsewhere: Mapping[Rule, Estimate | None]


def restage(con: duckdb.DuckDBPyConnection, settings: Mapping[str, str], rule: Rule) -> None:
    """Make the table `RESTAGED`: customers' months as they would be under a rule.

    Raises `BenchError` where the rule is that of the settings and the stages are not those that
    are published.
    """
    names = ("ended_overdue_ratio", "spend_fall_ratio", "stability_max_gap_cv")
    counts = (
        "window_days", "spend_fall_min_occasions", "exploration_max_occasions",
        "stability_min_occasions", "stability_min_tenure_days",
    )  # fmt: skip
    con.execute(
        _RESTAGED,
        {
            "ratio": rule.ratio,
            "with_one_time": rule.with_one_time,
            **{name: float(settings[name]) for name in names},
            **{name: int(settings[name]) for name in counts},
        },
    )
    if rule == Rule(float(settings["overdue_ratio"])):
        columns = "business_unit, customer_key, month_end, stage, indicated_stage"
        must_be_equal(
            con, f"(select {columns} from {RESTAGED})", f"(select {columns} from {PUBLISHED})"
        )


def choices(con: duckdb.DuckDBPyConnection, settings: Mapping[str, str]) -> list[Choice]:
    """Each half of the month-ends once to choose on: earlier and later, and every second one."""
    found: dict[str, dict[Rule, Estimate | None]] = {half: {} for pair in _HALVES for half in pair}
    for rule in RULES:
        restage(con, settings, rule)
        rows = followed(con, int(settings["backtest_months"]), RESTAGED)
        rows = rows[rows["stage"].isin(_PAIR)]
        ends = sorted(rows["month_end"].unique())
        sums = resampled(rows, {"stage": _PAIR, "month_end": ends})
        middle = len(ends) // 2
        parts = (slice(middle), slice(middle, None), slice(0, None, 2), slice(1, None, 2))
        for half, part in zip(found, parts, strict=True):
            difference = at_same_month_end(sums[:, :, part], 0, 1, "repurchase")
            found[half][rule] = estimate(difference)
    return [
        Choice(on, _first(found[on]), found[on], found[elsewhere])
        for one, two in _HALVES
        for on, elsewhere in ((one, two), (two, one))
    ]


def _first(of: Mapping[Rule, Estimate | None]) -> Rule | None:
    return next((rule for rule, found in of.items() if found and found.low > 0), None)
