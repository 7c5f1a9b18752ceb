"""Online Retail II through the real pipeline, against a second computation, table by whole table.

Every comparison is over all rows and exact: money in ten-thousandths of a pound, never a tolerance.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from command import marts, private, rows
from online_retail_by_hand import EXTRACTS, UNATTRIBUTED, OnlineRetail, key_of, month_ends, rfm

from crm.settings import PROJECT_ROOT

SCORES = ["r_score", "f_score", "m_score", "hughes_r", "hughes_f", "hughes_m"]


@pytest.fixture(scope="module")
def by_hand(real_data: Path) -> OnlineRetail:
    return OnlineRetail(real_data / "online_retail_ii", PROJECT_ROOT / "seeds")


def frame(file: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(sql).df()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame, key: list[str]) -> None:
    """The same rows, whatever their order, by a key that is unique on both sides."""
    assert list(found.columns) == list(expected.columns)
    assert not found.duplicated(key).any()
    assert not expected.duplicated(key).any()
    pd.testing.assert_frame_equal(
        _plain(found, key), _plain(expected, key), check_dtype=False, check_exact=True
    )


def _plain(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Sorted by `key`, all that means nothing as None, days and instants of one precision."""
    plain = table.sort_values(key).reset_index(drop=True)
    for column in plain:
        if pd.api.types.is_datetime64_any_dtype(plain[column]):
            plain[column] = plain[column].astype("datetime64[us]")
        elif not pd.api.types.is_numeric_dtype(plain[column]):
            values = plain[column].astype(object)
            plain[column] = values.where(values.notna(), None)
    return plain


def test_the_comparison_notices_one_changed_cell_and_one_missing_row():
    one = pd.DataFrame({"id": [1, 2, 3], "net": [10, 20, 30], "name": ["a", None, "c"]})
    assert_same(one.sample(frac=1, random_state=1), one, ["id"])
    changed = one.assign(net=[10, 20, 31])
    for other in (changed, one.iloc[:2], one.assign(name=["a", "b", "c"])):
        with pytest.raises(AssertionError):
            assert_same(other, one, ["id"])


def test_every_line_is_delivered_and_the_shared_orders_are_superseded(online_retail_home, by_hand):
    lines = by_hand.delivered.groupby("extract").size()
    stands = by_hand.lines.groupby("extract").size()
    assert lines.sum() == 1_067_371
    expected = [
        (file, int(lines[number]), int(stands[number]), 0, int(lines[number] - stands[number]), 0)
        for number, file in enumerate(EXTRACTS, 1)
    ]
    assert expected[0][4] > 0
    assert expected[1][4] == 0
    assert expected == rows(
        marts(online_retail_home),
        "select file, delivered, accepted, quarantined, superseded, unparseable "
        "from quality.loads order by file",
    )


def test_the_money_of_each_extract_ties_to_the_last_digit(online_retail_home, by_hand):
    delivered = by_hand.delivered.groupby("extract")["net"].sum()
    stands = by_hand.lines.groupby("extract")["net"].sum()
    expected = [
        (file, int(delivered[n]), int(stands[n]), 0, int(delivered[n] - stands[n]))
        for n, file in enumerate(EXTRACTS, 1)
    ]
    assert expected == rows(
        marts(online_retail_home),
        """
        select
            file,
            cast(delivered_amount * 10000 as bigint),
            cast(accepted_amount * 10000 as bigint),
            cast(quarantined_amount * 10000 as bigint),
            cast(superseded_amount * 10000 as bigint)
        from quality.load_amounts
        inner join quality.loads using (load_id)
        where currency = 'GBP'
        order by file
        """,
    )


def test_every_line_that_stands_is_an_order_line_with_its_return_linked(
    online_retail_home, by_hand
):
    found = frame(
        marts(online_retail_home),
        """
        select
            order_id, line_number, customer_key, product_key, ordered_on, ordered_at, line_kind,
            original_order_id, link_method,
            cast(quantity as bigint) as quantity,
            cast(unit_price * 10000 as bigint) as price,
            cast(net_amount * 10000 as bigint) as net,
            cast(net_amount_reporting * 10000 as bigint) as net_reporting,
            is_return, is_merchandise
        from core.fct_order_lines
        """,
    )
    lines = by_hand.lines.rename(columns={"kind": "line_kind"})
    lines["net_reporting"] = lines["net"]
    links = [
        by_hand.links.get(line)
        for line in zip(lines["order_id"], lines["line_number"], strict=True)
    ]
    lines["original_order_id"] = links
    lines["link_method"] = ["inferred" if order else None for order in links]
    assert len(by_hand.links) == sum(order is not None for order in links) > 10_000
    assert_same(found, lines[found.columns.tolist()], ["order_id", "line_number"])


def test_identical_lines_of_one_order_are_separate_lines(online_retail_home, by_hand):
    said = ["order_id", "product_id", "name", "ordered_at", "quantity", "price"]
    twins = by_hand.lines[by_hand.lines.duplicated(said, keep=False)]
    assert len(twins) > 10_000
    orders = tuple(twins["order_id"].unique())
    expected = by_hand.lines[by_hand.lines["order_id"].isin(orders)]
    assert rows(
        marts(online_retail_home),
        f"select count(*) from core.fct_order_lines where order_id in {orders}",
    ) == [(len(expected),)]


def test_what_is_no_merchandise_ties_by_kind_in_lines_and_money(online_retail_home, by_hand):
    kinds = by_hand.lines.groupby(["kind", "is_merchandise"])["net"].agg(["size", "sum"])
    expected = [
        (kind, is_merchandise, int(size), int(net))
        for (kind, is_merchandise), (size, net) in kinds.iterrows()
    ]
    assert {"postage", "manual", "bad_debt", "stock_adjustment"} < {row[0] for row in expected}
    assert expected == rows(
        marts(online_retail_home),
        """
        select line_kind, is_merchandise, count(*), cast(sum(net_amount) * 10000 as bigint)
        from core.fct_order_lines
        group by all
        order by all
        """,
    )


def test_stock_adjustments_carry_no_money_and_are_no_sales(online_retail_home):
    assert rows(
        marts(online_retail_home),
        """
        select count(*) > 1000, count_if(net_amount <> 0), count_if(is_merchandise)
        from core.fct_order_lines
        where line_kind = 'stock_adjustment'
        """,
    ) == [(True, 0, 0)]


def test_sales_without_a_customer_keep_their_lines_and_money_on_one_row(
    online_retail_home, by_hand
):
    nobody = by_hand.lines[by_hand.lines["customer_id"].isna()]
    assert len(nobody) > 200_000
    assert rows(
        marts(online_retail_home),
        "select count(*), cast(sum(net_amount) * 10000 as bigint) from core.fct_order_lines "
        f"where customer_key = {UNATTRIBUTED}",
    ) == [(len(nobody), int(nobody["net"].sum()))]
    assert rows(
        marts(online_retail_home),
        f"select customer_id from core.dim_customers where customer_key = {UNATTRIBUTED}",
    ) == [("unattributed",)]
    for table in ("rfm.rfm_customers", "rfm.rfm_customer_months"):
        assert rows(
            marts(online_retail_home),
            f"select count(*) from {table} where customer_key = {UNATTRIBUTED}",
        ) == [(0,)]


def test_every_order_has_its_lines_units_and_amount(online_retail_home, by_hand):
    found = frame(
        marts(online_retail_home),
        """
        select
            order_id, customer_key, ordered_at, ordered_on, lines,
            cast(quantity as bigint) as quantity,
            cast(net_amount * 10000 as bigint) as net,
            is_return
        from core.fct_orders
        """,
    )
    assert len(found) == by_hand.delivered["order_id"].nunique()
    assert_same(found, by_hand.orders, ["order_id"])


def test_every_customer_id_is_one_customer_in_the_country_of_the_latest_order(
    online_retail_home, by_hand
):
    expected = by_hand.customers
    expected = expected.assign(customer_key=expected["customer_id"].map(key_of), is_inferred=True)
    seen = by_hand.lines.dropna(subset=["customer_id", "country"])
    moved = (seen.groupby("customer_id")["country"].nunique() > 1).sum()
    assert len(expected) == 5_942
    assert moved >= 10
    found = frame(
        marts(online_retail_home),
        f"""
        select
            customer_id, first_order_on, last_order_on, country, customer_key, is_inferred
        from core.dim_customers
        where customer_key <> {UNATTRIBUTED}
        """,
    )
    assert_same(found, expected, ["customer_key"])


def test_every_product_has_its_days_and_the_name_most_sales_give_it(online_retail_home, by_hand):
    expected = by_hand.products.assign(product_key=by_hand.products["product_id"].map(key_of))
    found = frame(
        marts(online_retail_home),
        """
        select
            product_id, first_sold_on, last_sold_on, product_name as name, line_kind as kind,
            product_key
        from core.dim_products
        where product_id <> 'unknown'
        """,
    )
    assert_same(found, expected, ["product_key"])


def test_the_calendar_has_every_day_of_every_month_once(online_retail_home, by_hand):
    first = by_hand.lines["ordered_on"].min().replace(day=1)
    last = pd.Timestamp(by_hand.as_of) + pd.offsets.MonthEnd(0)
    assert rows(
        marts(online_retail_home),
        "select cast(date_on as timestamp) from core.dim_dates order by 1",
    ) == [(day.to_pydatetime(),) for day in pd.date_range(first, last)]


def test_a_customer_day_is_an_occasion_only_when_something_was_kept(online_retail_home, by_hand):
    found = frame(
        private(online_retail_home),
        """
        select
            customer_key, ordered_on, orders, lines,
            cast(quantity as bigint) as quantity,
            cast(net_amount_reporting * 10000 as bigint) as net,
            is_occasion
        from customer_base.customer_days
        """,
    )
    assert 0 < (~by_hand.customer_days["is_occasion"]).sum() < len(found) / 5
    assert_same(found, by_hand.customer_days, ["customer_key", "ordered_on"])


def test_rfm_at_the_as_of_date_is_what_the_definitions_say(online_retail_home, by_hand):
    assert by_hand.as_of == dt.date(2011, 12, 9)
    found = frame(marts(online_retail_home), _rfm_columns("rfm.rfm_customers", "as_of_date"))
    assert_same(found, rfm(by_hand.customer_days, [by_hand.as_of]), ["customer_key"])


def test_rfm_at_every_month_end_is_what_the_definitions_say(online_retail_home, by_hand):
    ends = month_ends(by_hand.lines["ordered_on"].min().date(), by_hand.as_of)
    assert len(ends) == 24
    found = frame(marts(online_retail_home), _rfm_columns("rfm.rfm_customer_months", "month_end"))
    expected = rfm(by_hand.customer_days, ends)
    assert_same(found, expected, ["snapshot_on", "customer_key"])


def test_equal_recency_frequency_or_money_always_has_one_score(online_retail_home):
    for measure, score in (
        ("recency_days", "r_score"),
        ("frequency", "f_score"),
        ("monetary_amount", "m_score"),
    ):
        assert (
            rows(
                marts(online_retail_home),
                f"select month_end, {measure} from rfm.rfm_customer_months "
                f"group by all having count(distinct {score}) > 1",
            )
            == []
        )


def test_every_customer_is_in_the_segment_that_the_ranges_give_its_scores(online_retail_home):
    ranges = pd.read_csv(PROJECT_ROOT / "seeds" / "rfm" / "rfm_segment_ranges.csv")
    expected = {
        (r, f, m): row.segment
        for row in ranges.itertuples()
        for r in range(row.r_min, row.r_max + 1)
        for f in range(row.f_min, row.f_max + 1)
        for m in range(row.m_min, row.m_max + 1)
    }
    assert len(expected) == 125
    for table in ("rfm.rfm_customers", "rfm.rfm_customer_months"):
        found = rows(
            marts(online_retail_home),
            f"select distinct r_score, f_score, m_score, segment from {table}",
        )
        assert len(found) > 50
        assert {(r, f, m, segment) for r, f, m, segment in found} == {
            (r, f, m, expected[r, f, m]) for r, f, m, _ in found
        }


def _rfm_columns(table: str, snapshot: str) -> str:
    return f"""
        select
            {snapshot} as snapshot_on, customer_key, recency_days, frequency,
            cast(monetary_amount * 10000 as bigint) as net, {", ".join(SCORES)}
        from {table}
    """
