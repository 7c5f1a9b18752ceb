"""The independent computation of the lifecycle, held against cases worked out on paper."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from histories import Company, Day
from lifecycle_by_hand import Contract, Settings, lifecycle
from lifecycle_tables_by_hand import (
    cohort_retention,
    dwell_times,
    flows,
    stage_intervals,
    transitions,
)

DEFAULTS = {"*": Settings()}
# 2023: 1 and 31 Jan, 2 Mar, 1 Apr, 1 and 31 May, 30 Jun, 30 Jul, 29 Aug, 28 Sep.
MONTHLY = [dt.date(2023, 1, 1) + dt.timedelta(30 * n) for n in range(10)]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def bought(customer: int, *dates: dt.date | str, amount: str = "10") -> tuple[Day, ...]:
    return tuple(
        Day("shop", customer, day(on) if isinstance(on, str) else on, Decimal(amount))
        for on in dates
    )


def rows_of(company: Company, customer: int | None = None) -> list[dict]:
    rows = lifecycle(company.frame(), company.as_of, company.known, company.first_on)
    found = rows.to_dict("records")
    return [row for row in found if customer in (None, row["customer_key"])]


def stages_of(company: Company, customer: int = 1) -> dict[str, tuple[str, str]]:
    return {
        str(row["snapshot_on"]): (row["stage"], row["reason"]) for row in rows_of(company, customer)
    }


def now(company: Company, customer: int = 1) -> dict:
    return rows_of(company, customer)[-1]


def test_one_who_buys_every_thirty_days_and_stops_goes_through_the_stages():
    stages = stages_of(Company(bought(1, *MONTHLY), day("2024-10-31")))
    # Alone, the customer's norm is its own mean gap, so that 30 days are expected throughout.
    assert list(stages.items())[:13] == [
        ("2023-01-31", ("exploration", "few_purchases")),  # n = 2: 1 and 31 January
        ("2023-02-28", ("exploration", "few_purchases")),
        ("2023-03-31", ("exploration", "awaiting_confirmation")),  # n = 3
        ("2023-04-30", ("formation", "too_few_purchases")),  # n = 4
        ("2023-05-31", ("formation", "too_young")),  # n = 6, 150 days old
        ("2023-06-30", ("formation", "awaiting_confirmation")),  # n = 7, 180 days, all gaps 30
        ("2023-07-31", ("stability", "steady_purchases")),
        ("2023-08-31", ("stability", "steady_purchases")),
        ("2023-09-30", ("stability", "steady_purchases")),
        ("2023-10-31", ("stability", "steady_purchases")),  # silent for 33 days
        ("2023-11-30", ("decline", "overdue")),  # for 63
        ("2023-12-31", ("decline", "overdue")),
        ("2024-01-31", ("decline", "overdue")),
    ]
    # Four times overdue on 26 January, but silent for a year only on 27 September.
    assert stages["2024-08-31"] == ("decline", "overdue")
    assert stages["2024-09-30"] == stages["2024-10-31"] == ("ended", "silent_for_window")


@pytest.mark.parametrize(
    ("as_of", "stage", "ratio"),
    [("2023-11-26", "stability", Fraction(59, 30)), ("2023-11-27", "decline", Fraction(2))],
)
def test_overdue_begins_on_the_day_on_which_the_ratio_is_reached(as_of, stage, ratio):
    row = now(Company(bought(1, *MONTHLY), day(as_of)))
    assert (row["expected_gap_days"], row["overdue_ratio"]) == (30, ratio)
    assert (row["stage"], row["is_month_end"]) == (stage, False)


def test_an_as_of_date_within_a_month_confirms_nothing():
    # Formation is indicated at the end of March and on 15 April.
    row = now(Company(bought(1, *MONTHLY[:4]), day("2023-04-15")))
    assert (row["indicated_stage"], row["stage"]) == ("formation", "exploration")
    assert row["reason"] == "awaiting_confirmation"
    assert row["entered_on"] == day("2023-01-31")


def test_steadiness_that_comes_and_goes_is_no_stability():
    # Three purchases are steady when their last two gaps are alike.
    rules = Settings(
        stability_min_occasions=3,
        stability_min_tenure_days=0,
        stability_max_gap_cv=Decimal("0.5"),
        recent_gaps=2,
        overdue_ratio=Decimal(9),
    )
    dates = ["2023-01-10", "2023-02-09", "2023-02-10", "2023-03-12", "2023-04-11", "2023-05-12",
             "2023-05-13", "2023-06-12", "2023-07-12", "2023-08-11"]  # fmt: skip
    company = Company(bought(1, *dates), day("2023-08-31"), settings={"*": rules})
    assert [(row["indicated_stage"], row["stage"]) for row in rows_of(company)] == [
        ("exploration", "exploration"),
        ("formation", "exploration"),  # 30, 1
        ("formation", "formation"),  # 1, 30
        ("stability", "formation"),  # 30, 30
        ("formation", "formation"),  # 31, 1
        ("formation", "formation"),  # 1, 30
        ("stability", "formation"),  # 30, 30
        ("stability", "stability"),
    ]


def test_one_who_returns_after_the_end_is_reactivated_once_and_changes_at_once():
    company = Company(bought(1, *MONTHLY, "2025-06-05"), day("2025-07-31"))
    rows = {str(row["snapshot_on"]): row for row in rows_of(company)}
    may, june, july = (rows[end] for end in ("2025-05-31", "2025-06-30", "2025-07-31"))
    assert (may["stage"], may["is_current"]) == ("ended", False)
    # 886 days and 10 gaps: expected 88.6. The last six gaps are five of 30 days and one of 616,
    # which is 586 more: mean 766 / 6, deviation 586 / root of 6.
    assert june["expected_gap_days"] == Fraction("88.6")
    assert float(june["gap_cv"]) == round(586 * 6**0.5 / 766, 9)
    assert (june["stage"], june["reason"]) == ("formation", "irregular_purchases")
    assert (june["previous_stage"], june["entered_on"]) == ("ended", day("2025-06-30"))
    assert (june["is_reactivated"], june["is_current"]) == (True, True)
    assert (july["previous_stage"], july["entered_on"]) == ("ended", day("2025-06-30"))
    assert not july["is_reactivated"]
    assert sum(row["is_reactivated"] for row in rows.values()) == 1


def test_one_who_returns_while_the_year_before_still_shows_purchases_spends_less():
    # On 31 December 2024 one purchase since 3 July, and a year before three since 4 July 2023.
    row = now(Company(bought(1, *MONTHLY, "2024-12-05"), day("2024-12-31")))
    assert (row["spend_recent"], row["spend_year_before"]) == (10, 30)
    assert (row["stage"], row["reason"]) == ("decline", "spend_fell")
    assert (row["is_reactivated"], row["is_current"]) == (True, True)


def test_what_silence_has_shown_only_a_purchase_takes_back():
    # On 31 January customer 1 is silent for 20 days where 10 are expected. Then customer 2's gap
    # of 58 days makes the norm 34, and (2 x 34 + 10) / 3 = 26 days are expected: ratio 48 / 26.
    company = Company(
        (*bought(1, "2023-01-01", "2023-01-11"), *bought(2, "2023-01-01", "2023-02-28")),
        day("2023-02-28"),
    )
    january, february = rows_of(company, 1)
    assert (january["overdue_ratio"], january["reason"]) == (2, "overdue")
    assert february["overdue_ratio"] == Fraction(48, 26)
    assert (february["is_overdue"], february["reason"]) == (True, "overdue")


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2023-04-10", ("exploration", "few_purchases")),
        ("2023-04-11", ("decline", "no_second_purchase")),
    ],
)
def test_a_one_time_buyer_is_lost_after_the_gap_that_nine_in_ten_keep(as_of, expected):
    # Second purchases came after 10 and 40 days: 40 is the smallest that holds nine in ten.
    company = Company(
        (
            *bought(1, "2022-01-01", "2022-01-11"),
            *bought(2, "2022-01-01", "2022-02-10"),
            *bought(3, "2023-03-01"),
        ),
        day(as_of),
        settings={"*": Settings(min_one_time_gaps=2)},
    )
    row = now(company, 3)
    assert row["one_time_bound_days"] == 40
    assert (row["stage"], row["reason"]) == expected
    assert now(replace(company, settings=DEFAULTS), 3)["one_time_bound_days"] is None


def test_a_one_time_buyer_who_is_overdue_is_no_current_customer_and_still_explores():
    company = Company(
        (*bought(1, "2023-01-01", "2023-01-11", "2023-01-21"), *bought(2, "2023-01-05")),
        day("2023-01-31"),
    )
    row = now(company, 2)
    assert (row["overdue_ratio"], row["is_overdue"]) == (Fraction("2.6"), True)
    assert (row["stage"], row["is_current"]) == ("exploration", False)


@pytest.mark.parametrize(("price", "reason"), [("80", "spend_fell"), ("80.01", "steady_purchases")])
def test_spend_has_fallen_at_exactly_four_fifths_of_the_same_season_a_year_before(price, reason):
    # On 31 December 2024: from 3 July six purchases, and a year before, from 4 July, six at 100.
    fifteenth = [dt.date(2023 + n // 12, 1 + n % 12, 15) for n in range(24)]
    company = Company(
        (*bought(1, *fifteenth[:18], amount="100"), *bought(1, *fifteenth[18:], amount=price)),
        day("2024-12-31"),
    )
    rows = rows_of(company)
    assert (rows[-1]["spend_recent"], rows[-1]["spend_year_before"]) == (6 * Decimal(price), 600)
    assert rows[-1]["reason"] == reason
    assert rows[-1]["is_current"]
    assert {row["reason"] for row in rows[7:-1]} == {"steady_purchases"}


def test_spend_that_is_not_known_has_not_fallen():
    fifteenth = [dt.date(2023 + n // 12, 1 + n % 12, 15) for n in range(24)]
    days = (*bought(1, *fifteenth[:18], amount="100"), *bought(1, *fifteenth[18:], amount="1"))
    without_rate = replace(days[-1], lines=2)
    row = now(Company((*days[:-1], without_rate), day("2024-12-31")))
    assert (row["spend_recent"], row["spend_year_before"]) == (None, 600)
    assert row["reason"] == "steady_purchases"
    assert now(Company(days, day("2024-12-31")))["reason"] == "spend_fell"


@pytest.mark.parametrize(
    ("contracts", "ended_on"),
    [
        ([("2023-01-01", "2023-08-31", None)], None),  # the last day is a day of the contract
        ([("2023-01-01", "2023-08-30", None)], "2023-08-30"),
        ([("2023-01-01", "2024-01-01", "2023-08-29")], "2023-08-29"),  # bought on that day
        ([("2023-01-01", "2024-01-01", "2023-08-28")], None),  # bought after it
        ([("2023-01-01", "2023-08-30", None), ("2023-03-01", None, None)], None),
        ([("2023-01-01", "2023-06-30", None), ("2023-03-01", "2023-08-30", None)], "2023-08-30"),
        ([("2023-01-01", "2023-08-30", None), ("2023-09-01", None, None)], "2023-08-30"),
    ],
)
def test_a_relationship_ends_with_its_last_contract(contracts, ended_on):
    company = Company(
        bought(1, *MONTHLY[:9]),
        day("2023-08-31"),
        contracts=tuple(
            Contract("shop", 1, day(starts), ends and day(ends), ended and day(ended))
            for starts, ends, ended in contracts
        ),
    )
    row = now(company)
    assert row["contract_ended_on"] == (ended_on and day(ended_on))
    assert row["reason"] == ("contract_ended" if ended_on else "steady_purchases")
    assert row["is_current"] == (ended_on is None)


def test_the_norm_is_of_type_and_category_where_these_are_enough_and_else_of_the_unit():
    early = day("2023-01-01")
    company = Company(
        (
            *bought(1, "2023-01-01", "2023-01-11", "2023-01-21"),
            *bought(2, "2023-01-01", "2023-01-11"),
            *bought(3, "2023-01-01", "2023-02-10"),
            *bought(4, "2023-02-27"),
            *bought(5, "2023-02-27"),
            *bought(6, "2023-02-27"),
        ),
        day("2023-02-28"),
        types={
            1: [(early, None, "person")],
            2: [(early, None, "person")],
            3: [(early, None, "organisation")],
            4: [(early, None, "person")],
            5: [(early, day("2023-02-28"), "person"), (day("2023-02-28"), None, "organisation")],
        },
        settings={"*": Settings(min_norm_customers=2)},
    )
    assert [now(company, customer)["expected_gap_days"] for customer in range(1, 7)] == [
        10,  # (2 x 10 + 20) / 4
        10,
        Fraction(80, 3),  # the unit's mean of 10, 10 and 40 is 20: (2 x 20 + 40) / 3
        10,
        20,  # an organisation since today
        20,  # of unknown type
    ]


def test_prospects_wait_until_they_buy_and_returns_make_no_customer():
    company = Company(
        (
            *bought(1, "2023-01-05"),
            *bought(2, "2023-02-10"),
            Day("shop", 3, day("2023-01-20"), Decimal(-4), is_occasion=False),
        ),
        day("2023-02-28"),
        known_on={("shop", 2): day("2023-01-31"), ("shop", 4): day("2023-02-01")},
    )
    assert stages_of(company, 2) == {
        "2023-01-31": ("potential", "no_purchase_yet"),
        "2023-02-28": ("exploration", "few_purchases"),
    }
    assert now(company, 2)["previous_stage"] == "potential"
    assert stages_of(company, 3) == {}
    assert stages_of(company, 4) == {"2023-02-28": ("potential", "no_purchase_yet")}
    assert now(company, 4)["recency_days"] is None


@pytest.mark.parametrize(("first_on", "expected"), [("2010-02-28", True), ("2010-03-01", False)])
def test_who_first_buys_within_ninety_days_of_the_history_may_be_older(first_on, expected):
    company = Company(
        bought(1, first_on), day("2010-03-31"), systems={("shop", 1): "old_till"}
    )  # its history starts on 1 December 2009
    assert now(company)["is_left_truncated"] is expected
    assert not now(replace(company, systems={("shop", 1): "new_till"}))["is_left_truncated"]


def test_intervals_transitions_and_flows_of_one_who_stops_and_returns():
    company = Company(bought(1, *MONTHLY, "2025-06-05"), day("2025-07-31"))
    rows = pd.DataFrame(rows_of(company), dtype=object)
    intervals = stage_intervals(rows)
    assert [
        (run["stage"], str(run["entered_on"]), run["months"], run["reason"], run["next_stage"])
        for run in intervals.to_dict("records")
    ] == [
        ("exploration", "2023-01-31", 3, "few_purchases", "formation"),
        ("formation", "2023-04-30", 3, "too_few_purchases", "stability"),
        ("stability", "2023-07-31", 4, "steady_purchases", "decline"),
        ("decline", "2023-11-30", 10, "overdue", "ended"),
        ("ended", "2024-09-30", 9, "silent_for_window", "formation"),
        ("formation", "2025-06-30", 2, "irregular_purchases", None),
    ]
    assert list(intervals["left_on"])[1:] == [*intervals["entered_on"][2:], None]
    moved = transitions(rows)
    assert list(moved["from_stage"])[:2] == ["not_known", "exploration"]
    assert list(moved["share_of_from"])[:2] == [None, 1]
    counted = {
        str(row["month_end"]): {name: count for name, count in row.items() if count == 1}
        for row in flows(rows, company.frame()).to_dict("records")
    }
    assert set(counted["2023-01-31"]) == {"new", "closing", "current", "buyers"}
    assert set(counted["2023-10-31"]) == {"opening", "closing", "current"}
    assert set(counted["2023-11-30"]) == {"opening", "lapsed"}
    assert set(counted["2024-09-30"]) == set()
    assert set(counted["2025-06-30"]) == {"reactivated", "closing", "current", "buyers"}


def test_cohorts_count_whole_months_and_leave_out_who_may_be_older():
    company = Company(
        (
            *bought(1, "2023-01-05", "2023-03-01", amount="7"),
            *bought(2, "2023-01-31", amount="5"),
            Day("shop", 2, day("2023-02-03"), Decimal(-2), is_occasion=False),
            *bought(3, "2023-01-10", amount="100"),
            *bought(4, "2023-03-02"),
        ),
        day("2023-03-30"),
    )
    cohorts = cohort_retention(company.frame(), company.as_of, {("shop", 3)})
    assert [tuple(row)[1:] for row in cohorts.itertuples(index=False)] == [
        (day("2023-01-01"), 0, 2, 2, 1, 12, 12),
        (day("2023-01-01"), 1, 2, 0, 0, -2, 10),
    ]


def test_survival_takes_those_still_in_a_stage_as_long_as_they_were_seen_in_it():
    # Two left after two and three months; one is in its third month-end, two months after entry.
    runs = pd.DataFrame(
        [
            {"months": 2, "left_on": day("2023-03-31")},
            {"months": 3, "left_on": day("2023-06-30")},
            {"months": 3, "left_on": None},
            {"months": 9, "left_on": None, "is_left_truncated": True},
        ]
    ).astype(object)
    runs = runs.where(runs.notna(), None)
    runs["is_left_truncated"] = runs["is_left_truncated"].eq(True)
    found = dwell_times(runs.assign(business_unit="shop", stage="formation"))
    assert [tuple(row)[2:] for row in found.itertuples(index=False)] == [
        (1, 3, 0, 1),
        (2, 3, 1, Fraction(2, 3)),
        (3, 1, 1, 0),
    ]
