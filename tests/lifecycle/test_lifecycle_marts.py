"""The lifecycle marts agree with their definition, and keep the laws, on generated companies."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from harness import Warehouse
from histories import Company, Day, companies
from hypothesis import assume, given, settings
from lifecycle_by_hand import (
    Contract,
    Settings,
    gaps_between,
    lifecycle,
    month_ends,
    regularity,
    rounded,
)
from lifecycle_by_hand import histories as histories_of
from lifecycle_tables_by_hand import (
    cohort_retention,
    dwell_times,
    flows,
    month_rows,
    stage_intervals,
    transitions,
    truncated_customers,
)

from crm.settings import Settings as WarehouseSettings

EXAMPLES = settings(max_examples=10, deadline=None)
MARTS = ("lifecycle_customer_months", "lifecycle_customers", "lifecycle_stage_intervals",
         "lifecycle_transitions", "lifecycle_flows", "lifecycle_dwell_times",
         "cohort_retention")  # fmt: skip
CUSTOMER = ["business_unit", "customer_key"]
MONTH = ["business_unit", "month_end"]
NAMES = {
    "spend_recent": "spend_recent_amount",
    "spend_year_before": "spend_year_before_amount",
    "opening": "opening_customers",
    "new": "new_customers",
    "reactivated": "reactivated_customers",
    "renewed": "renewed_customers",
    "lapsed": "lapsed_customers",
    "current": "closing_customers",
    "returning": "returning_customers",
    "at_risk": "customers_at_risk",
    "left": "customers_leaving",
    "survival": "staying_share",
}
EVIDENCE = [
    "stage", "previous_stage", "entered_on", "reason", "indicated_stage", "customer_type",
    "first_category", "occasions", "first_occasion_on", "last_occasion_on", "recency_days",
    "tenure_days", "expected_gap_days", "overdue_ratio", "gap_cv", "spend_recent_amount",
    "spend_year_before_amount", "contract_ended_on", "is_reactivated", "is_left_truncated",
]  # fmt: skip
FLOWS = ["opening_customers", "new_customers", "reactivated_customers", "renewed_customers",
         "lapsed_customers", "closing_customers", "returning_customers", "buyers"]  # fmt: skip


def differences(
    found: pd.DataFrame, expected: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> list[tuple]:
    """What differs, as (key, column, found, expected); doubles may differ in their last digits."""
    ours, theirs = _by_key(found, keys, columns), _by_key(expected, keys, columns)
    assert len(ours) == len(found)
    missing: list[tuple] = [(key, "missing") for key in sorted(theirs.keys() - ours.keys())]
    extra: list[tuple] = [(key, "extra") for key in sorted(ours.keys() - theirs.keys())]
    return (
        missing
        + extra
        + [
            (key, column, ours[key][column], theirs[key][column])
            for key in sorted(ours.keys() & theirs.keys())
            for column in columns
            if not _alike(ours[key][column], theirs[key][column])
        ]
    )


def _by_key(
    rows: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> dict[tuple, dict[str, object]]:
    if rows.empty:
        return {}
    plain = rows[[*keys, *columns]].astype(object).where(rows[[*keys, *columns]].notna(), None)
    return {
        tuple(_plain(row[name]) for name in keys): {name: _plain(row[name]) for name in columns}
        for row in plain.to_dict("records")
    }


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if value is None or isinstance(value, str | dt.date) else float(value)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=2e-6)
    return one == other


def bought(customer: int, *dates: dt.date | str, amount: int = 10) -> tuple[Day, ...]:
    days = [dt.date.fromisoformat(on) if isinstance(on, str) else on for on in dates]
    return tuple(Day("north", customer, on, Decimal(amount)) for on in days)


def expected_rows(company: Company) -> pd.DataFrame:
    rows = lifecycle(company.frame(), company.as_of, company.known, company.first_on)
    return rows.rename(columns=NAMES)


def expected_months(rows: pd.DataFrame) -> pd.DataFrame:
    return month_rows(rows).rename(columns={"snapshot_on": "month_end"})


@EXAMPLES
@given(company=companies())
def test_customer_months_equal_an_independent_computation(project, company):
    found = company.warehouse(project).table("lifecycle_customer_months")
    expected = expected_months(expected_rows(company))
    assert differences(found, expected, [*CUSTOMER, "month_end"], EVIDENCE) == []


@EXAMPLES
@given(company=companies())
def test_the_current_view_equals_an_independent_computation(project, company):
    found = company.warehouse(project).table("lifecycle_customers")
    rows = expected_rows(company)
    now = rows[rows["snapshot_on"] == company.as_of].copy()
    now["next_expected_on"] = [_next_expected_on(row) for row in now.to_dict("records")]
    own = histories_of(company.frame())
    now["regularity_k"] = [
        regularity(gaps_between(own[key].occasions), company.known.settings_of(key[0]))
        if key in own
        else None
        for key in zip(now["business_unit"], now["customer_key"], strict=True)
    ]
    columns = [*EVIDENCE, "next_expected_on", "regularity_k"]
    assert differences(found, now, CUSTOMER, columns) == []
    assert set(found["as_of_date"].dt.date) <= {company.as_of}


@EXAMPLES
@given(company=companies())
def test_cadence_norms_equal_an_independent_computation(project, company):
    found = company.warehouse(project).table("lifecycle_cadence_norms")
    rows = expected_rows(company)
    buyers = rows[rows["occasions"] > 0] if len(rows) else rows
    expected = buyers.rename(columns={"one_time_bound_days": "one_time_days"})
    keys = ["business_unit", "snapshot_on", "customer_type", "first_category"]
    assert differences(found, expected, keys, ["norm_gap_days", "one_time_days"]) == []
    groups = Counter(buyers[keys].itertuples(index=False, name=None)) if len(buyers) else {}
    found["snapshot_on"] = found["snapshot_on"].dt.date
    assert found.set_index(keys)["customers"].to_dict() == groups


def _next_expected_on(row: dict) -> dt.date | None:
    if row["stage"] == "ended" or row["expected_gap_days"] is None:
        return None
    days = rounded(rounded(Fraction(row["expected_gap_days"]), 6), 0)
    return row["last_occasion_on"] + dt.timedelta(int(days))


@EXAMPLES
@given(company=companies())
def test_intervals_and_dwell_times_equal_an_independent_computation(project, company):
    warehouse = company.warehouse(project)
    runs = stage_intervals(expected_rows(company))
    dwelt = dwell_times(runs).rename(columns=NAMES)
    is_current = runs["left_on"].isna()
    runs["months"] = runs["months"] - is_current  # whole months up to the last month-end
    columns = ["left_on", "stage", "previous_stage", "next_stage", "reason", "months",
               "is_left_truncated"]  # fmt: skip
    found = warehouse.table("lifecycle_stage_intervals")
    assert differences(found, runs, [*CUSTOMER, "entered_on"], columns) == []
    assert (found["is_current"] == found["left_on"].isna()).all()

    # Months in which nobody left nor was lost from sight need no row.
    found = warehouse.table("lifecycle_dwell_times")
    keys = ["business_unit", "stage", "months"]
    published = set(found[keys].itertuples(index=False, name=None))
    is_told = [tuple(key) in published for key in dwelt[keys].itertuples(index=False)]
    measures = ["customers_at_risk", "customers_leaving", "staying_share"]
    assert differences(found, dwelt[is_told], keys, measures) == []
    assert not dwelt.loc[[not told for told in is_told], "customers_leaving"].any()


@EXAMPLES
@given(company=companies())
def test_transitions_and_flows_equal_an_independent_count(project, company):
    warehouse = company.warehouse(project)
    rows = lifecycle(company.frame(), company.as_of, company.known, company.first_on)
    found = warehouse.table("lifecycle_transitions")
    keys = [*MONTH, "from_stage", "to_stage"]
    assert differences(found, transitions(rows), keys, ["customers", "share_of_from"]) == []

    found = warehouse.table("lifecycle_flows")
    ends = month_ends(company.first_on, company.as_of)
    assert set(found["month_end"].dt.date) <= set(ends)
    happened = found[found[FLOWS].any(axis=1)]
    expected = flows(rows, company.frame()).rename(columns=NAMES)
    expected = expected[expected[FLOWS].any(axis=1)] if len(expected) else expected
    assert differences(happened, expected, MONTH, FLOWS) == []


@EXAMPLES
@given(company=companies())
def test_cohorts_equal_an_independent_count(project, company):
    rows = expected_rows(company)
    expected = cohort_retention(company.frame(), company.as_of, truncated_customers(rows))
    found = company.warehouse(project).table("cohort_retention")
    found["acquired_month_on"] = found["cohort_month"].dt.to_period("M").dt.start_time
    keys = ["business_unit", "acquired_month_on", "age_months"]
    counts = ["customers", "active_customers", "active_share"]
    assert differences(found, expected, keys, counts) == []
    for amount in ("net_amount", "cumulative_net_amount"):
        known = [value is not None for value in expected[amount]] if len(expected) else []
        told = (
            set(expected[known][keys].itertuples(index=False, name=None)) if any(known) else set()
        )
        is_known = [
            (unit, month.date(), age) in told
            for unit, month, age in found[keys].itertuples(index=False)
        ]
        assert differences(found[is_known], expected[known], keys, [amount]) == []


@EXAMPLES
@given(company=companies())
def test_events_after_a_month_end_change_nothing_at_it(project, company):
    assume(company.days)
    cut = sorted(day.on for day in company.days)[len(company.days) // 2]
    full = company.warehouse(project)
    earlier = company.until(cut).warehouse(project)
    grains = {
        "lifecycle_customer_months": ([*CUSTOMER, "month_end"], EVIDENCE),
        "lifecycle_transitions": (
            [*MONTH, "from_stage", "to_stage"],
            ["customers", "share_of_from"],
        ),
        "lifecycle_flows": (MONTH, FLOWS),
    }
    for mart, (keys, columns) in grains.items():
        then, now = (
            rows[rows["month_end"].dt.date <= cut]
            for rows in (earlier.table(mart), full.table(mart))
        )
        if mart == "lifecycle_flows":  # a unit is there from its first customer on
            then, now = then[then[FLOWS].any(axis=1)], now[now[FLOWS].any(axis=1)]
        assert differences(now, then, keys, columns) == []
    looked_at_then = replace(company.until(cut), as_of=cut)
    found = looked_at_then.warehouse(project).table("lifecycle_customers")
    rows = expected_rows(company)
    before = expected_rows(looked_at_then)
    now = before[before["snapshot_on"] == cut]
    assert differences(found, now, CUSTOMER, EVIDENCE) == []
    past = [rows[rows["snapshot_on"] < cut], before[before["snapshot_on"] < cut]]
    assert differences(*past, [*CUSTOMER, "snapshot_on"], EVIDENCE) == []


@EXAMPLES
@given(company=companies())
def test_shuffled_input_gives_the_same_lifecycle(project, company):
    mixed, contracts = list(company.days), list(company.contracts)
    random.Random(7).shuffle(mixed)
    random.Random(7).shuffle(contracts)
    first = company.warehouse(project)
    second = replace(company, days=tuple(mixed), contracts=tuple(contracts)).warehouse(project)
    for mart in MARTS:
        pd.testing.assert_frame_equal(first.table(mart), second.table(mart), check_exact=True)


@EXAMPLES
@given(company=companies())
def test_whoever_is_known_has_exactly_one_stage_at_every_month_end(project, company):
    since = dict(company.known_on)
    for day in company.days:
        if day.is_occasion:
            key = day.unit, day.customer
            since[key] = min(since.get(key, day.on), day.on)
    expected = Counter(
        (unit, customer, end)
        for (unit, customer), on in since.items()
        for end in month_ends(company.first_on, company.as_of)
        if on <= end
    )
    found = company.warehouse(project).table("lifecycle_customer_months")
    stages = ["potential", "exploration", "formation", "stability", "decline", "ended"]
    assert found["stage"].isin(stages).all()
    ends = found["month_end"].dt.date
    assert (
        Counter(zip(found["business_unit"], found["customer_key"], ends, strict=True)) == expected
    )


@EXAMPLES
@given(company=companies())
def test_flows_add_up_from_month_to_month(project, company):
    found = company.warehouse(project).table("lifecycle_flows")
    came = found[
        ["opening_customers", "new_customers", "reactivated_customers", "renewed_customers"]
    ].sum(axis=1)
    assert (came - found["lapsed_customers"] == found["closing_customers"]).all()
    parts = found[["new_customers", "returning_customers", "reactivated_customers"]]
    assert (parts.sum(axis=1) == found["buyers"]).all()
    closed = found.groupby("business_unit")["closing_customers"].shift(fill_value=0)
    assert (found["opening_customers"] == closed).all()


@EXAMPLES
@given(company=companies())
def test_transitions_add_up_to_the_stages_on_both_sides(project, company):
    warehouse = company.warehouse(project)
    months = warehouse.table("lifecycle_customer_months")
    moves = warehouse.table("lifecycle_transitions")
    stages = months.groupby([*MONTH, "stage"]).size().to_dict()
    to = moves.groupby([*MONTH, "to_stage"])["customers"].sum().to_dict()
    assert to == stages
    known = moves[moves["from_stage"] != "not_known"].copy()
    known["month_end"] -= pd.offsets.MonthEnd()
    last = months["month_end"].max()
    assert known.groupby([*MONTH, "from_stage"])["customers"].sum().to_dict() == {
        key: customers for key, customers in stages.items() if key[1] < last
    }


@EXAMPLES
@given(company=companies())
def test_every_data_test_of_the_lifecycle_passes_on_any_company(project, company):
    warehouse = company.warehouse(project)
    names = {
        name for mart in MARTS for name in project.tests_of(mart) if "dim_customers" not in name
    }
    assert len(names) > 10
    assert {name: warehouse.failures(name) for name in names} == dict.fromkeys(names, 0)


def test_a_company_without_history_has_an_empty_lifecycle_of_the_same_types(project):
    nobody = Company((), dt.date(2012, 3, 31)).warehouse(project)
    unborn = Company((), dt.date(2012, 3, 31)).warehouse(
        project,
        clock="select cast(null as date) as as_of_date",
        dim_dates="select cast(null as date) as date_on, false as is_month_end, "
        "cast(null as date) as month_end_on, cast(null as date) as month_start_on where false",
    )
    living = Company(bought(1, "2023-01-01", "2023-01-31"), dt.date(2024, 3, 31)).warehouse(project)
    for mart in MARTS:
        assert nobody.table(mart).empty
        assert unborn.table(mart).empty
        assert len(living.table(mart))
        types = [
            warehouse.con.execute(f"describe {project.node(mart).relation}").fetchall()
            for warehouse in (nobody, unborn, living)
        ]
        assert types[0] == types[1] == types[2]


def test_the_empty_lake_has_an_empty_lifecycle(project, tmp_path):
    warehouse = Warehouse(project)
    warehouse.register_raw(WarehouseSettings(home=tmp_path))
    for mart in MARTS:
        assert warehouse.table(mart).empty


def at_the_bounds() -> dict[str, Company]:
    """Companies whose customers stand exactly on, or a day beside, the bound of a rule."""
    day = dt.date.fromisoformat
    monthly = [day("2023-01-01") + dt.timedelta(30 * n) for n in range(10)]
    fifteenth = [dt.date(2023 + n // 12, 1 + n % 12, 15) for n in range(24)]
    gaps = [0, 90, 75, 25, 5, 5]  # mean 40, deviation 40
    uneven = [day("2023-01-20") + dt.timedelta(sum(gaps[: n + 1])) for n in range(6)]
    few = {"*": Settings(min_one_time_gaps=2)}
    pairs = (*bought(1, "2022-01-01", "2022-01-11"), *bought(2, "2022-01-01", "2022-02-10"))
    lately = (*pairs, *bought(3, "2023-03-01"))
    once = (*pairs, *bought(3, "2022-10-01"))
    seconds = [
        day_of for n in range(1, 11) for day_of in bought(n, "2022-01-01", f"2022-01-{10 + n}")
    ]
    later = [day_of for n in range(4, 40) for day_of in bought(n, "2022-04-01", "2022-11-01")]
    first, second = day("2023-01-01"), day("2023-08-31")
    contracts = {
        "ends today": [(first, second)],
        "ended yesterday": [(first, day("2023-08-30"))],
        "ended on the last purchase": [(first, day("2023-08-29"))],
        "ended before the last purchase": [(first, day("2023-08-28"))],
        "renewed today": [(first, day("2023-08-30")), (second, None)],
        "renewed tomorrow": [(first, day("2023-08-30")), (day("2023-09-01"), None)],
    }
    return {
        "nearly overdue": Company(bought(1, *monthly), day("2023-11-26")),
        "overdue": Company(bought(1, *monthly), day("2023-11-27")),
        "nearly silent": Company(bought(1, *monthly), day("2024-09-26")),
        "silent": Company(bought(1, *monthly), day("2024-09-27")),
        "four times overdue": Company(
            bought(1, "2022-01-01", "2022-04-11"), day("2022-04-11") + dt.timedelta(400)
        ),
        "not yet lost": Company(lately, day("2023-04-10"), settings=few),
        "lost": Company(lately, day("2023-04-11"), settings=few),
        "still lost": Company(
            (*pairs, *bought(3, "2023-02-01"), *later), day("2023-04-30"), settings=few
        ),
        "second gaps too young": Company(once, day("2022-12-31"), settings=few),
        "second gaps old enough": Company(once, day("2023-01-01"), settings=few),
        "nine in ten": Company(
            (*seconds, *bought(11, "2023-01-05")), day("2023-01-24"), settings=few
        ),
        "four fifths": Company(
            (*bought(1, *fifteenth[:18], amount=100), *bought(1, *fifteenth[18:], amount=80)),
            day("2024-12-31"),
        ),
        "a day too young to fall": Company(
            (*bought(1, *fifteenth[:12], amount=100), *bought(1, *fifteenth[12:18])),
            day("2024-07-14"),
        ),
        "old enough to fall": Company(
            (*bought(1, *fifteenth[:12], amount=100), *bought(1, *fifteenth[12:19])),
            day("2024-07-15"),
        ),
        "as bursty as chance": Company(bought(1, *uneven), day("2023-09-30")),
    } | {
        f"contract {name}": Company(
            bought(1, *monthly[:9]),
            second,
            contracts=tuple(Contract("north", 1, *dates) for dates in own),
        )
        for name, own in contracts.items()
    }


@pytest.mark.parametrize("name", at_the_bounds())
def test_the_rules_hold_at_their_bounds_as_in_the_independent_computation(project, name):
    company = at_the_bounds()[name]
    warehouse = company.warehouse(project)
    rows = expected_rows(company)
    months, now = expected_months(rows), rows[rows["snapshot_on"] == company.as_of]
    found = warehouse.table("lifecycle_customer_months")
    assert differences(found, months, [*CUSTOMER, "month_end"], EVIDENCE) == []
    assert differences(warehouse.table("lifecycle_customers"), now, CUSTOMER, EVIDENCE) == []


def test_who_renews_a_contract_is_current_again_and_the_flows_add_up(project):
    # The contract had ended at the end of February; a new one runs at the end of March, and the
    # silence of 59 days is not yet twice the expected 30.
    company = Company(
        bought(1, "2023-01-01", "2023-01-31"),
        dt.date(2023, 3, 31),
        contracts=(
            Contract("north", 1, dt.date(2023, 1, 1), dt.date(2023, 2, 10)),
            Contract("north", 1, dt.date(2023, 3, 5)),
        ),
    )
    warehouse = company.warehouse(project)
    months = warehouse.table("lifecycle_customer_months")
    assert list(months["stage"]) == ["exploration", "ended", "exploration"]
    assert list(warehouse.table("lifecycle_flows")["closing_customers"]) == [1, 0, 1]
    assert warehouse.failures("flows_add_up_lifecycle_flows_") == 0


def test_without_a_weight_of_the_norm_nothing_is_expected_of_who_bought_once(project):
    company = Company(
        (*bought(1, "2023-01-01", "2023-01-31"), *bought(2, "2023-01-05")),
        dt.date(2023, 3, 31),
        settings={"*": Settings(shrinkage_gaps=0)},
    )
    warehouse = company.warehouse(project)
    found = warehouse.build("lifecycle_customers").query(
        "select expected_gap_days, next_expected_on from lifecycle.lifecycle_customers "
        "where customer_key = 2 and expected_gap_days is null"
    )
    assert len(found) == 1
