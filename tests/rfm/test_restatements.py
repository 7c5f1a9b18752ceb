"""A month that readers have seen and a later build shows otherwise is told once, with its cause."""

from __future__ import annotations

import pytest
from harness import Warehouse

COLUMNS = (
    "business_unit, customer_key, month_end, segment, recency_days, frequency, monetary_amount, "
    "r_score, f_score, m_score"
)
PUBLISHED = """
    ('shop', 1, date '2026-01-31', 'loyal', 3, 2, 10.0, 5, 5, 5),
    ('shop', 2, date '2026-01-31', 'loyal', 9, 1, 20.0, 4, 4, 4),
    ('shop', 1, date '2026-02-28', 'loyal', 3, 2, 10.0, 5, 5, 5)
"""
LATE = PUBLISHED.replace("9, 1, 20.0", "2, 2, 25.0")
NEXT_MONTH = PUBLISHED + ", ('shop', 1, date '2026-03-31', 'loyal', 3, 2, 10.0, 5, 5, 5)"
ANOTHER = PUBLISHED + ", ('shop', 3, date '2026-01-31', 'loyal', 3, 2, 10.0, 5, 5, 5)"
GONE = PUBLISHED.replace("('shop', 2, date '2026-01-31', 'loyal', 9, 1, 20.0, 4, 4, 4),", "")
JANUARY = "('shop', date '2026-01-31', '{}')"
NO_LOG = """
    select null::bigint as event_number, null::date as as_of_date, null::bigint as known_at,
        null::varchar as business_unit, null::date as month_end, null::varchar as mart,
        null::varchar as cause, null::bigint as rows
    where false
"""


def table(rows: str, columns: str) -> str:
    return f"select * from (values {rows}) as t({columns})"


def told(project, now, changed=(), rebuilt=(), log=NO_LOG, **asked):
    """What the log adds: number, month, cause and rows. `changed` are causes of January."""
    populations = table(
        ", ".join(JANUARY.format(cause) for cause in changed) or JANUARY.format(""),
        "business_unit, snapshot_on, cause",
    )
    models = ", ".join(f"('int_rfm_customers__scored', '{cause}')" for cause in rebuilt)
    clocks = {"as_of_requested": None, "known_at": None} | asked
    warehouse = Warehouse(
        project,
        {
            "raw.published_restatements": log,
            "raw.published_rfm_customer_months": table(PUBLISHED, COLUMNS),
            "rfm_customer_months": table(now, COLUMNS),
            "changed_rfm_populations": populations + (" where true" if changed else " where false"),
            "raw.rebuilt_models": table(models or "('', '')", "model, cause"),
            "raw.run_settings": "select "
            + ", ".join(
                f"{'null' if value is None else repr(value)} as {name}"
                for name, value in clocks.items()
            ),
            "clock": "select date '2026-03-10' as as_of_date",
            "raw.deliveries": "select 7::bigint as load_id",
        },
    )
    rows = warehouse.table("restatements", "event_number")
    return [
        (int(row.event_number), str(row.month_end)[:10], row.cause, int(row.rows))
        for row in rows.itertuples()
    ]


@pytest.mark.parametrize(
    ("now", "cause", "tells"),
    [
        (LATE, "new_order", "late_order"),
        (ANOTHER, "withdrawn_order", "withdrawn_order"),
        (GONE, "merge", "merge"),
    ],
)
def test_a_month_restated_is_told_with_its_cause(project, now, cause, tells):
    assert told(project, now, changed=[cause]) == [(1, "2026-01-31", tells, 1)]


def test_all_causes_of_a_month_are_told_in_one_row(project):
    causes = ["merge", "new_order", "corrected_order"]
    assert told(project, LATE, changed=causes) == [
        (1, "2026-01-31", "corrected_order, late_order, merge", 1)
    ]


@pytest.mark.parametrize("cause", ["rules_changed", "built_anew"])
def test_what_was_built_whole_is_compared_whole(project, cause):
    assert told(project, LATE, rebuilt=[cause]) == [(1, "2026-01-31", cause, 1)]
    assert told(project, PUBLISHED, rebuilt=[cause]) == []


def test_made_anew_and_the_same_is_no_restatement(project):
    assert told(project, PUBLISHED, changed=["asked"]) == []


def test_a_month_that_nobody_has_seen_is_not_restated(project):
    assert told(project, NEXT_MONTH, rebuilt=["built_anew"]) == []


@pytest.mark.parametrize("asked", [{"known_at": 3}, {"as_of_requested": "2026-02-28"}])
def test_a_question_about_the_past_is_no_event(project, asked):
    assert told(project, LATE, changed=["new_order"], **asked) == []


def test_the_log_goes_on(project):
    log = (
        "select 4::bigint as event_number, date '2026-02-20' as as_of_date, 5::bigint as known_at, "
        "'shop' as business_unit, date '2026-01-31' as month_end, "
        "'rfm.rfm_customer_months' as mart, 'merge' as cause, 2::bigint as rows"
    )
    assert told(project, LATE, changed=["new_order"], log=log) == [
        (4, "2026-01-31", "merge", 2),
        (5, "2026-01-31", "late_order", 1),
    ]
