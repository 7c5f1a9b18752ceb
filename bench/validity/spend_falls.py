"""Decline by spend against like customers: who spent as much in the year and was not flagged.

Counted from published facts, so that it can also be looked at fewer months later where the history
is too short; at the published distance it must be what is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from bench.validity.resampling import Array, Estimate, estimate, ratio
from bench.validity.stages import MEASURES, SUMS, must_be_equal, resampled

# Who is overdue stays so until the next purchase, and is not compared. `counted_after` begins what
# is summed as spent next; at the published distance that is the published half year.
_JUDGED = """
    create or replace temp table judged as
    with

    silent as (
        select
            *,
            max(coalesce(overdue_ratio >= $overdue_ratio, false)) over (
                partition by business_unit, customer_key, occasions order by month_end
            ) as is_overdue
        from lifecycle.lifecycle_customer_months
        where occasions > 0
    ),

    followed as (
        select
            m.business_unit,
            m.customer_key,
            m.month_end,
            n.month_end as judged_on,
            if($is_published, n.month_end - $window_days // 2, m.month_end) as counted_after,
            m.reason = 'spend_fell' as is_flagged,
            m.occasions >= $min_occasions
            and m.tenure_days >= $window_days + $window_days // 2
            and m.spend_year_before_amount > 0 as is_eligible,
            n.occasions > m.occasions as has_repurchased
        from silent as m
        inner join lifecycle.lifecycle_customer_months as n
            on m.business_unit = n.business_unit
            and m.customer_key = n.customer_key
            and n.month_end = last_day(m.month_end + to_months($later))
        where not m.is_overdue
            and m.stage <> 'ended'
            and m.reason not in ('overdue', 'no_second_purchase')
    ),

    days as (
        select
            business_unit,
            customer_key,
            ordered_on,
            sum(net_amount_reporting) as amount,
            count(*) > count(net_amount_reporting) as lacks_rate
        from core.fct_order_lines
        where is_merchandise
        group by all
    ),

    sums as (
        select
            f.*,
            d.ordered_on > f.month_end - $window_days and d.ordered_on <= f.month_end as is_past,
            d.ordered_on > f.counted_after and d.ordered_on <= f.judged_on as is_next,
            d.amount,
            d.lacks_rate
        from followed as f
        inner join days as d
            on f.business_unit = d.business_unit
            and f.customer_key = d.customer_key
    ),

    spent as (
        select
            business_unit,
            customer_key,
            month_end,
            judged_on,
            is_flagged,
            coalesce(is_eligible, false) as is_eligible,
            has_repurchased,
            case
                when not bool_or(is_past and lacks_rate)
                    then coalesce(sum(amount) filter (where is_past), 0)
            end as past_amount,
            case
                when not bool_or(is_next and lacks_rate)
                    then coalesce(sum(amount) filter (where is_next), 0)
            end as next_amount
        from sums
        group by all
    )

    select
        *,
        least(10, 1 + cast(floor(10 * percent_rank() over (
            partition by business_unit, month_end order by past_amount
        )) as integer)) as spend_decile
    from spent
    where past_amount is not null
"""
_SIDE = """
    count_if({is_side}) as {side}_customers,
    count_if({is_side} and has_repurchased) as {side}_repurchasers,
    round(
        {side}_repurchasers / nullif(cast({side}_customers as double), 0), 9
    ) as {side}_repurchase_rate,
    cast(
        sum(next_amount) filter (where {is_side})
        / nullif(count(next_amount) filter (where {is_side}), 0) as decimal(18, 4)
    ) as {side}_mean_next_amount
"""
_SIDES = {"flagged": "is_flagged", "other": "not is_flagged"}
_AS_PUBLISHED = f"""(
    select
        business_unit, month_end, judged_on, spend_decile,
        {", ".join(_SIDE.format(side=side, is_side=test) for side, test in _SIDES.items())}
    from judged
    group by all
)"""
_ROWS = """
    select
        customer_key,
        month_end,
        format('{} {} {}', business_unit, month_end, spend_decile) as stratum,
        if(is_flagged, 'flagged', 'others') as side,
        is_eligible,
        1 as customer_months,
        has_repurchased::int as repurchases,
        (next_amount is not null)::int as months_with_rate,
        coalesce(next_amount, 0)::double as amount
    from judged
    -- only where somebody was flagged there is something to compare
    qualify bool_or(is_flagged) over (partition by business_unit, month_end, spend_decile)
"""


@dataclass(frozen=True)
class Comparison:
    """What flagged customers did, what others of their deciles did, and the difference."""

    flagged: Estimate
    others: Estimate
    difference: Estimate


@dataclass(frozen=True)
class SpendFalls:
    """Flagged customers against like ones, by measure."""

    month_ends: int
    customers: int
    customer_months: int
    of: Mapping[str, Comparison]


def judged(con: duckdb.DuckDBPyConnection, settings: Mapping[str, str], later: int) -> pd.DataFrame:
    """A row per customer and month-end of the deciles in which somebody was flagged.

    `settings` are those of the stages. `is_eligible` is who could have been flagged: as many
    purchases, as old, and spent in that half year. Raises `BenchError` when `later` is the
    published distance and the published comparison says otherwise.
    """
    is_published = later == int(settings["backtest_months"])
    con.execute(
        _JUDGED,
        {
            "later": later,
            "is_published": is_published,
            "window_days": int(settings["window_days"]),
            "overdue_ratio": float(settings["overdue_ratio"]),
            "min_occasions": int(settings["spend_fall_min_occasions"]),
        },
    )
    if is_published:
        must_be_equal(con, _AS_PUBLISHED, "lifecycle.lifecycle_backtest_spend_falls")
    return con.execute(_ROWS).df()


def compared(rows: pd.DataFrame) -> SpendFalls | None:
    """The flagged of `rows`, which are as `judged` gives them, against the others of their strata.

    Each stratum counts by its flagged customers, and only where it has others. None without any.
    """
    flagged = rows[rows["side"] == "flagged"]
    if flagged.empty:
        return None
    strata = sorted(rows["stratum"].unique())
    sums = resampled(rows, {"side": ("flagged", "others"), "stratum": strata})
    of = {name: found for name in MEASURES if (found := _comparison(sums, name)) is not None}
    return SpendFalls(
        flagged["month_end"].nunique(), flagged["customer_key"].nunique(), len(flagged), of
    )


def _comparison(sums: Array, measure: str) -> Comparison | None:
    part, whole = (sums[..., SUMS.index(name)] for name in MEASURES[measure])
    weights = np.where(whole[:, 1] > 0, whole[:, 0], 0)
    of_side = [
        ratio((weights * np.nan_to_num(mean)).sum(axis=1), weights.sum(axis=1))
        for mean in np.moveaxis(ratio(part, whole), 1, 0)
    ]
    flagged, others, by = map(estimate, (*of_side, of_side[0] - of_side[1]))
    return Comparison(flagged, others, by) if flagged and others and by else None
