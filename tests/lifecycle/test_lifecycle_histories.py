"""The generated companies reach every stage and every reason: no property is tried blindly."""

from __future__ import annotations

from collections import Counter

from histories import Company, companies
from hypothesis import given, seed, settings
from lifecycle_by_hand import lifecycle

REASONS = {
    ("potential", "no_purchase_yet"),
    ("exploration", "few_purchases"),
    ("formation", "too_few_purchases"),
    ("formation", "too_young"),
    ("formation", "irregular_purchases"),
    ("stability", "steady_purchases"),
    ("decline", "overdue"),
    ("decline", "no_second_purchase"),
    ("decline", "spend_fell"),
    ("ended", "contract_ended"),
    ("ended", "silent_for_window"),
}
WAITING = {(stage, "awaiting_confirmation") for stage in ("exploration", "formation", "stability")}


def rows_of(company: Company):
    return lifecycle(company.frame(), company.as_of, company.known, company.first_on)


def test_the_companies_reach_every_stage_for_every_reason():
    found: Counter[tuple[str, str]] = Counter()
    flags: Counter[str] = Counter()

    @seed(20)
    @settings(max_examples=30, deadline=None, database=None)
    @given(company=companies())
    def look(company):
        for row in rows_of(company).to_dict("records"):
            found[row["stage"], row["reason"]] += 1
            flags.update(
                name for name in ("is_reactivated", "is_left_truncated", "is_current") if row[name]
            )
            flags["as_of_only"] += not row["is_month_end"]
            flags["unknown_spend"] += row["occasions"] > 0 and row["spend_window"] is None
            flags["bound"] += row["one_time_bound_days"] is not None

    look()
    assert REASONS <= found.keys() <= REASONS | WAITING
    assert WAITING & found.keys()
    assert all(flags.values())
    assert len(flags) == 6
