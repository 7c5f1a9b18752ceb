"""How much of what was planted in the made-up company the stages find, how late, and what else.

The truth stands beside the landing folder and is never delivered. A change counts where the
customer was neither in decline nor ended at the month-end before it, and as found where it is at a
month-end from the change on (of who comes back: before the return).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from bench.validity.resampling import Array, Estimate, estimate, ratio, totals
from bench.validity.stages import PUBLISHED

KINDS = ("stops", "slows_down", "comes_back", "spends_less")
WITHIN_MONTHS = (6, 12)
RETURN_MONTHS = 6

_TRUTH = """
    create or replace temp table people as
    select
        r.customer_key,
        any_value(t.true_customer_id) as customer_id,
        any_value(t.behaviour) filter (where t.behaviour <> 'none') as behaviour,
        coalesce(max(t.incident_speed), 1) as incident_speed
    from read_parquet($customers) as t
    inner join core.dim_customer_records as r
        on t.customer_id = r.customer_id
        and r.system = 'standard'
    group by r.customer_key
    -- one that was linked with another tells nothing of either
    having count(distinct t.true_customer_id) = 1
        and bool_or(t.behaviour <> 'none');

    create or replace temp table changes as
    select p.customer_key, p.behaviour, c.kind, c.changed_on, c.until_on
    from read_parquet($changes) as c
    inner join people as p on c.customer_id = p.customer_id;
"""
_MONTHS = """
    create or replace temp table told as
    select
        p.behaviour,
        p.incident_speed,
        p.customer_key in (select customer_key from changes) as is_planted,
        m.customer_key,
        m.month_end,
        m.stage,
        m.reason,
        m.occasions,
        m.is_reactivated,
        m.stage in ('decline', 'ended') as is_lost,
        m.stage = 'decline' and lag(m.stage) over in_time is distinct from 'decline' as is_entry
    from {months} as m
    inner join people as p using (customer_key)
    window in_time as (partition by m.business_unit, m.customer_key order by m.month_end)
"""
_AT_RISK = """
    from changes as c
    inner join told as b
        on b.month_end = last_day(c.changed_on - to_months(1))
        and b.occasions > 0
        and not b.is_lost
"""
_CHANGES = f"""
    select
        c.kind,
        c.customer_key,
        c.changed_on,
        datediff('month', c.changed_on, (select max(month_end) from told)) as months_after,
        (
            select min(t.month_end)
            from told as t
            where t.customer_key = c.customer_key
                and t.is_lost
                and t.month_end >= c.changed_on
                and t.month_end < least(
                    c.changed_on + to_months({max(WITHIN_MONTHS)}), coalesce(c.until_on, 'infinity')
                )
        ) as found_on
    {_AT_RISK}
        and b.customer_key = c.customer_key
"""
# The same question about those of the same behaviour in whom nothing was planted.
_UNCHANGED = f"""
    with

    alarms as (
        select
            c.kind,
            c.customer_key as changed_key,
            b.customer_key,
            datediff('month', c.changed_on, (select max(month_end) from told)) as months_after,
            min(t.month_end) - c.changed_on as days
        {_AT_RISK}
            and b.behaviour = c.behaviour
            and not b.is_planted
        left join told as t
            on b.customer_key = t.customer_key
            and t.is_lost
            and t.month_end >= c.changed_on
            and t.month_end < least(
                c.changed_on + to_months({{within}}), coalesce(c.until_on, 'infinity')
            )
        group by c.kind, c.customer_key, b.customer_key, c.changed_on
    )

    select kind, avg((days is not null)::int) as share
    from alarms
    where months_after >= {{within}}
    group by kind
"""
_ENTRIES = """
    select
        e.customer_key,
        e.reason,
        case
            when bool_or(
                e.month_end >= c.changed_on and e.month_end < coalesce(c.until_on, 'infinity')
            ) then 'planted'
            when e.incident_speed > 1 and e.behaviour <> 'one_time' then 'incident'
            else e.behaviour
        end as truth
    from told as e
    left join changes as c using (customer_key)
    where e.is_entry
    group by e.customer_key, e.month_end, e.reason, e.behaviour, e.incident_speed
"""
_RETURNS = f"""
    with

    silent as (
        select
            c.customer_key,
            c.until_on,
            bool_or(
                t.reason in ('overdue', 'silent_for_window')
                and t.month_end between c.changed_on and c.until_on
            ) as was_silent,
            max(t.occasions) filter (where t.month_end < c.until_on) as before,
            max(t.occasions) filter (where {{after}}) as after,
            bool_or(t.is_reactivated and {{after}}) as is_reactivated
        from changes as c
        inner join told as t using (customer_key)
        where c.kind = 'comes_back'
            and c.until_on + to_months({RETURN_MONTHS}) <= (select max(month_end) from told)
        group by all
    )

    select count(*), count_if(after > before), count_if(after > before and is_reactivated)
    from silent
    where was_silent
""".format(
    after=f"t.month_end >= c.until_on and t.month_end < c.until_on + to_months({RETURN_MONTHS})"
)
RIGHT = ("planted", "one_time")  # who buys once has gone after that
WRONG = ("regular", "seasonal", "hunter")  # they buy on as they always did
UNKNOWN = ("bgnbd", "incident")  # some have gone; who and when is not written


@dataclass(frozen=True)
class Found:
    """What became of one kind of change.

    `share` and `unchanged` are by months, with how many customers had so many after their change;
    `days` are the quartiles of the delay of those who had the most.
    """

    customers: int
    followed: Mapping[int, int]
    share: Mapping[int, Estimate | None]
    unchanged: Mapping[int, float]
    days: Sequence[float]


@dataclass(frozen=True)
class Planted:
    """All kinds; entries into decline by reason and truth, and the right ones' share by reason.

    `returns` are the customers who were silent in a planted pause, those of them who bought in the
    half year after it, and those whom a month-end then called reactivated.
    """

    kinds: Mapping[str, Found]
    entries: pd.DataFrame
    precision: Mapping[str, Estimate]
    returns: tuple[int, int, int]


def measured(con: duckdb.DuckDBPyConnection, truth: Path, months: str = PUBLISHED) -> Planted:
    """Compare what `months` tells with the files in the folder `truth`."""
    files = {name: str(truth / f"{name}.parquet") for name in ("customers", "change_points")}
    create_people, create_changes = _TRUTH.strip().removesuffix(";").split(";")
    con.execute(create_people, {"customers": files["customers"]})
    con.execute(create_changes, {"changes": files["change_points"]})
    con.execute(_MONTHS.format(months=months))
    changes = con.execute(_CHANGES).df()
    unchanged = {
        within: dict(con.execute(_UNCHANGED.format(within=within)).fetchall())
        for within in WITHIN_MONTHS
    }
    entries = con.execute(_ENTRIES).df()
    returns = con.execute(_RETURNS).fetchone() or (0, 0, 0)
    return Planted(
        {
            kind: _found(
                changes[changes["kind"] == kind],
                {within: shares[kind] for within, shares in unchanged.items() if kind in shares},
            )
            for kind in KINDS
        },
        entries.groupby(["reason", "truth"]).size().unstack(fill_value=0),
        {
            name: share
            for name, part in [("all", entries), *entries.groupby("reason")]
            if (share := _right(part)) is not None
        },
        (int(returns[0]), int(returns[1]), int(returns[2])),
    )


def _found(changes: pd.DataFrame, unchanged: Mapping[int, float]) -> Found:
    whole = changes[changes["months_after"] >= max(WITHIN_MONTHS)]
    days = (whole["found_on"] - whole["changed_on"]).dt.days
    share, followed = {}, {}
    for within in WITHIN_MONTHS:
        months = changes["months_after"] >= within
        ends = changes["changed_on"] + pd.DateOffset(months=within)
        found = (changes["found_on"] < ends)[months].to_numpy(dtype=float)
        followed[within] = len(found)
        share[within] = _mean(found, np.ones_like(found))
    quartiles = [float(days.quantile(part)) for part in (0.25, 0.5, 0.75)]
    return Found(len(changes), followed, share, unchanged, quartiles)


def _right(entries: pd.DataFrame) -> Estimate | None:
    """The share of right ones among those of which the truth is known."""
    known = entries[entries["truth"].isin(RIGHT + WRONG)]
    by_customer = known["truth"].isin(RIGHT).groupby(known["customer_key"]).agg(["sum", "size"])
    return _mean(by_customer["sum"].to_numpy(float), by_customer["size"].to_numpy(float))


def _mean(part: Array, whole: Array) -> Estimate | None:
    if len(part) == 0:
        return None
    sums = totals(np.column_stack([part, whole]))
    return estimate(ratio(sums[:, 0], sums[:, 1]))
