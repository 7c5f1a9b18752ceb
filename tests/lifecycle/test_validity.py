"""The measuring of the stages: on frames by hand, and on Online Retail II as it is published."""

from __future__ import annotations

import csv
import datetime as dt
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from command import marts

from bench.processes import BenchError
from bench.validity import homes, page, planted, resampling, spend_falls, stages, thresholds
from bench.validity.picture import picture
from bench.validity.resampling import Estimate
from bench.validity.thresholds import Rule
from crm.settings import PROJECT_ROOT

RATES = {"stability": 0.9, "formation": 0.7, "exploration": 0.5, "decline": 0.5, "ended": 0.1}
CDNOW = next(data for data in homes.DATA_SETS if data.name == "cdnow")
JUNE, JULY = pd.Timestamp("2026-06-30"), pd.Timestamp("2026-07-31")


def months(stage: str, customers: range, share: float, **more: object) -> pd.DataFrame:
    """A month-end of some customers, so many of whom bought again, for ten each."""
    bought = np.arange(len(customers)) < share * len(customers)
    columns = {"stage": stage, "month_end": JUNE, "customer_months": 1, "months_with_rate": 1}
    return pd.DataFrame(
        {
            "customer_key": list(customers),
            "repurchases": bought.astype(int),
            "amount": 10.0 * bought,
            **columns,
            **more,
        }
    )


def by_hand() -> pd.DataFrame:
    parts = [
        months(stage, range(number * 200, number * 200 + 200), share)
        for number, (stage, share) in enumerate(RATES.items())
    ]
    return pd.concat(parts, ignore_index=True)


def within(found: Estimate | None, value: float) -> bool:
    return found is not None and found.low <= value <= found.high


def test_every_stage_has_its_rate_and_an_interval_as_wide_as_theory_says():
    found = stages.outcomes(by_hand()).stages
    assert list(found) == list(RATES)
    for stage, share in RATES.items():
        rate, amount = (found[stage].of[measure] for measure in ("repurchase", "amount"))
        assert rate.value == pytest.approx(share)
        assert within(amount, 10 * share)
        assert amount.value == pytest.approx(10 * share)
        error = 1.96 * np.sqrt(share * (1 - share) / 200)
        assert rate.high - rate.value == pytest.approx(error, rel=0.15)
        assert rate.value - rate.low == pytest.approx(error, rel=0.15)
        assert (found[stage].customers, found[stage].customer_months) == (200, 200)


def test_the_interval_contains_the_truth_about_as_often_as_it_says():
    draws = np.random.default_rng(7)
    hits = 0
    for _ in range(100):
        bought = draws.random(150) < 0.3
        totals = resampling.totals(np.column_stack([bought, np.ones(150)]).astype(float))
        hits += within(resampling.estimate(resampling.ratio(*totals.T)), 0.3)
    assert 88 <= hits <= 100


def test_month_ends_of_one_customer_are_no_further_customers():
    once = by_hand()
    often = pd.concat([once.assign(month_end=JUNE - pd.DateOffset(days=n)) for n in range(9)])
    for stage in RATES:
        one, other = (
            stages.outcomes(rows).stages[stage].of["repurchase"] for rows in (once, often)
        )
        assert (one.low, one.high) == pytest.approx((other.low, other.high))


def test_neighbours_are_supported_reversed_or_undecided():
    rows = by_hand()
    found = stages.outcomes(rows).differences["repurchase"]
    assert [(pair.better, pair.worse) for pair in found] == list(pairwise(RATES))
    assert [stages.verdict(pair.pooled) for pair in found] == [
        "supported", "supported", "undecided", "supported",
    ]  # fmt: skip
    named = {"exploration": "decline", "ended": "exploration", "decline": "ended"}
    turned = stages.outcomes(rows.replace({"stage": named})).differences["repurchase"]
    assert stages.verdict(turned[2].pooled) == "**reversed**"
    assert stages.verdict(turned[2].at_same_month_end) == "**reversed**"
    assert turned[2].pooled.value == pytest.approx(-0.4)


def test_a_stage_without_customers_is_left_out_and_its_neighbours_are_compared():
    rows = by_hand()
    found = stages.outcomes(rows[rows["stage"] != "formation"])
    assert "formation" not in found.stages
    assert found.differences["amount"][0].better == "stability"
    assert found.differences["amount"][0].worse == "exploration"


def test_the_same_month_ends_take_back_what_a_mixture_of_them_shows():
    """Decline is better at both month-ends, and most of it is at the one that is bad for all."""
    rows = pd.concat(
        [
            months("exploration", range(0, 900), 0.7),
            months("decline", range(900, 1000), 0.9),
            months("exploration", range(1000, 1100), 0.1, month_end=JULY),
            months("decline", range(1100, 2000), 0.3, month_end=JULY),
        ]
    )
    (pair,) = stages.outcomes(rows).differences["repurchase"]
    assert stages.verdict(pair.pooled) == "supported"
    assert stages.verdict(pair.at_same_month_end) == "**reversed**"
    assert pair.at_same_month_end.value == pytest.approx(-0.2)


def test_flagged_customers_are_compared_within_their_deciles():
    """Among the low the flagged do as the others, among the high worse; most flagged are low."""
    parts = [
        months("", range(0, 300), 0.5, stratum="low", side="flagged"),
        months("", range(300, 600), 0.5, stratum="low", side="others"),
        months("", range(600, 700), 0.6, stratum="high", side="flagged"),
        months("", range(700, 1700), 1.0, stratum="high", side="others"),
        months("", range(1700, 1750), 0.0, stratum="alone", side="flagged"),
    ]
    found = spend_falls.compared(pd.concat(parts))
    assert (found.customers, found.month_ends) == (450, 1)
    repurchase = found.of["repurchase"]
    assert repurchase.flagged.value == pytest.approx((150 + 60) / 400)
    assert repurchase.others.value == pytest.approx((0.5 * 300 + 1.0 * 100) / 400)
    assert repurchase.difference.value == pytest.approx(-0.1)
    assert repurchase.difference.high < 0
    assert spend_falls.compared(pd.concat(parts[1:2])) is None


def test_the_picture_is_whole_and_says_every_rate():
    root = ElementTree.fromstring(picture({"A & B": stages.outcomes(by_hand())}))  # noqa: S314
    svg = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{svg}desc") == (
        "A & B: stability 90%, formation 70%, exploration 50%, decline 50%, ended 10%."
    )
    assert len(root.findall(f"{svg}line[@class='rate']")) == len(RATES)


def test_the_document_of_the_project_takes_the_figures_between_its_marks():
    text = (PROJECT_ROOT / "docs" / "lifecycle-validity.md").read_text(encoding="utf-8")
    before, after = text.split(page.BEGIN)[0], text.split(page.END)[1]
    assert len(before) > 1000
    assert len(after) > 500
    with pytest.raises(ValueError, match="The document has no"):
        page.placed(before + after, {})


def test_a_back_test_that_is_not_what_is_counted_is_refused():
    with duckdb.connect() as con, pytest.raises(BenchError, match="differ"):
        stages.must_be_equal(con, "(select 1)", "(select 2)")


def company_by_hand(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """One stops and one pauses, both for a year and more; one buys once, one only buys slowly."""
    con.execute("create schema core; create schema lifecycle")
    con.execute("""
        create table core.dim_customer_records as
        select *, 'standard' as system
        from (values (1, 'stops'), (2, 'pauses'), (3, 'once'), (4, 'slow')) as t (
            customer_key, customer_id
        )
    """)
    con.execute(f"""
        copy (
            select customer_id, customer_id as true_customer_id, null::int as incident_speed,
                if(customer_id = 'once', 'one_time', 'regular') as behaviour
            from core.dim_customer_records
        ) to '{truth / "customers.parquet"}' (format parquet)
    """)
    con.execute(f"""
        copy (
            select * from (values
                ('stops', 'stops', date '2025-01-15', null),
                ('pauses', 'comes_back', date '2025-01-15', date '2025-08-01')
            ) as t (customer_id, kind, changed_on, until_on)
        ) to '{truth / "change_points.parquet"}' (format parquet)
    """)
    # lost from one month-end on and until before another, and back with one purchase more
    con.execute("""
        create table lifecycle.lifecycle_customer_months as
        select
            'shop' as business_unit,
            customer_key,
            month_end,
            month_end >= lost_on and month_end < back_on as is_lost,
            if(is_lost, 'decline', 'formation') as stage,
            if(is_lost, reason, 'too_few_purchases') as reason,
            if(month_end >= back_on, 4, 3) as occasions,
            month_end = back_on as is_reactivated
        from (values
            (1, date '2025-03-31', date '2030-01-31', 'overdue'),
            (2, date '2025-02-28', date '2025-08-31', 'overdue'),
            (3, date '2025-02-28', date '2030-01-31', 'no_second_purchase'),
            (4, date '2025-11-30', date '2025-12-31', 'overdue')
        ) as t (customer_key, lost_on, back_on, reason), (
            select last_day(date '2024-12-01' + to_months(number::int)) as month_end
            from range(15) as months (number)
        )
    """)


def test_what_was_planted_is_found_late_or_not_and_the_rest_is_told_apart(tmp_path):
    with duckdb.connect() as con:
        company_by_hand(con, tmp_path)
        found = planted.measured(con, tmp_path)
    stops, pauses = found.kinds["stops"], found.kinds["comes_back"]
    assert (stops.customers, stops.followed) == (1, {6: 1, 12: 1})
    assert (stops.share[6].value, stops.share[12].value) == (1, 1)
    assert stops.days[1] == 75
    assert stops.unchanged == {6: 0, 12: 1}  # the slow one, in November
    assert pauses.unchanged == {6: 0, 12: 0}  # November is after the return
    assert pauses.days[1] == 44
    assert found.kinds["slows_down"].customers == 0
    assert found.entries.loc["overdue"].to_dict() == {"planted": 2, "one_time": 0, "regular": 1}
    assert found.precision["overdue"].value == pytest.approx(2 / 3)
    assert found.precision["all"].value == pytest.approx(3 / 4)
    assert found.returns == (1, 1, 1)


def test_the_page_has_a_section_for_a_data_set_with_every_stage_and_verdict():
    outcomes = stages.outcomes(by_hand())
    validity = homes.Validity(
        as_of=dt.date(2026, 12, 31), version="v1", lines=5000, customers=1000, all=outcomes,
        half_years={"2026 H1": outcomes}, truncated={False: outcomes}, spend_falls={}, choices=[],
        restaged={}, planted={},
    )  # fmt: skip
    text = page.placed(f"# Title\n{page.BEGIN}\nold\n{page.END}\nmore\n", {CDNOW: validity})
    assert text.startswith("# Title\n")
    assert text.endswith("more\n")
    assert "old" not in text
    assert "| CDNOW | 2026-12-31 | 5,000 | 1,000 | 1, 2026-06 to 2026-06 | `v1` |" in text
    assert "exploration over decline: undecided." in text
    assert "| formation | 200 | 200 | 70.0% (" in text
    assert "| exploration − decline, repurchase | +0.0 (" in text
    assert "the history is too short" in text


@pytest.fixture(scope="module")
def published(online_retail_home: Path):
    with duckdb.connect(marts(online_retail_home), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    file = PROJECT_ROOT / "seeds" / "lifecycle" / "lifecycle_settings.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        return {row["business_unit"]: row for row in csv.DictReader(opened)}["*"]


def test_online_retail_buys_the_more_the_better_its_stage(published):
    """Also what is not shown: at the same month-ends decline buys no less than exploration."""
    found = stages.outcomes(stages.followed(published, 6))
    rates = {stage: found.stages[stage].of["repurchase"] for stage in stages.STAGES}
    for better, worse in pairwise(rates.values()):
        assert better.low > worse.high
    for pair in found.differences["repurchase"]:
        assert pair.pooled.low > 0
        assert (pair.at_same_month_end.low > 0) == (pair.better != "exploration"), pair
    assert 0.89 < rates["stability"].low < rates["stability"].high < 0.92
    assert 0.09 < rates["ended"].low < rates["ended"].high < 0.15


def test_stages_told_again_and_spend_falls_counted_again_are_the_published_ones(
    published, settings
):
    thresholds.restage(published, settings, Rule(float(settings["overdue_ratio"])))
    assert spend_falls.judged(published, settings, 6).empty
    assert spend_falls.compared(spend_falls.judged(published, settings, 5)).month_ends == 1
