"""Lateness at its boundaries: what is exactly as old as allowed is not late yet."""

import datetime as dt

import pytest

from crm.contracts import Dialect, SourceTable
from crm.lake.deliveries import Delivery
from crm.operation.freshness import late_sources, stale_build
from crm.settings import Settings

NOW = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)


def delivery(system: str, feed: str, at: dt.datetime | str) -> Delivery:
    return Delivery(
        load_id=1,
        system=system,
        table=feed,
        feed=feed,
        path=f"{system}/{feed}/a.csv",
        file="a.csv",
        content_hash="0" * 64,
        version_rank=None,
        delivered_at=at if isinstance(at, str) else at.isoformat(),
        format="csv",
        bytes=1,
        delivered=0,
        records=0,
        unparseable=0,
        status="taken",
        reason=None,
        columns=(),
        extra_columns=(),
        contract_fingerprint="",
        reading="",
        replaces=(),
        arrival=1,
    )


def table(system="shop", feed="transactions", late_after_hours=24.0) -> SourceTable:
    return SourceTable(system, feed, feed, (), (), Dialect(), None, late_after_hours)


def test_a_delivery_exactly_as_old_as_allowed_is_not_late():
    assert late_sources([table()], [delivery("shop", "transactions", NOW - 24 * HOUR)], NOW) == []


def test_a_delivery_a_second_older_than_allowed_is_late():
    last = delivery("shop", "transactions", NOW - 24 * HOUR - SECOND)
    (alert,) = late_sources([table()], [last], NOW)
    assert (alert.kind, alert.title, alert.at) == ("late_source", "shop transactions is late", NOW)
    assert alert.cause == (
        "shop/transactions delivered last 24.0 hours ago, at 2026-06-30T11:59:59+00:00; "
        "a delivery is due every 24 hours."
    )
    assert "landing/shop/transactions/" in alert.fix


def test_the_newest_delivery_decides_in_whatever_order_they_come():
    old, new = (delivery("shop", "transactions", NOW - hours * HOUR) for hours in (900, 1))
    assert late_sources([table()], [old, new], NOW) == []
    assert late_sources([table()], [new, old], NOW) == []
    assert len(late_sources([table()], [old], NOW)) == 1


def test_a_source_that_never_delivered_is_late():
    (alert,) = late_sources([table()], [], NOW)
    assert alert.cause == "shop/transactions has never delivered; a delivery is due every 24 hours."


def test_a_table_that_declares_nothing_is_never_late():
    ancient = delivery("shop", "transactions", NOW - 100_000 * HOUR)
    silent = table(late_after_hours=None)
    assert late_sources([silent], [], NOW) == []
    assert late_sources([silent], [ancient], NOW) == []


def test_a_delivery_to_another_feed_or_system_excuses_nobody():
    others = [delivery("shop", "customers", NOW), delivery("till", "transactions", NOW)]
    assert len(late_sources([table()], others, NOW)) == 1


def test_alerts_come_in_the_order_of_system_and_feed():
    tables = [table("till"), table("shop", "transactions"), table("shop", "customers")]
    titles = [alert.title for alert in late_sources(tables, [], NOW)]
    assert titles == [
        "shop customers is late",
        "shop transactions is late",
        "till transactions is late",
    ]


def test_instants_of_other_zones_are_the_same_instants():
    zone = dt.timezone(dt.timedelta(hours=8))
    last = delivery("shop", "transactions", (NOW - 24 * HOUR).astimezone(zone))
    assert late_sources([table()], [last], NOW) == []
    assert len(late_sources([table()], [last], NOW + SECOND)) == 1


@pytest.mark.parametrize("text", ["2026-06-30T12:00:00", "2026-06-30T12:00:00Z"])
def test_an_instant_without_an_offset_is_in_utc(text):
    last = delivery("shop", "transactions", text)
    assert late_sources([table()], [last], NOW) == []
    assert len(late_sources([table()], [last], NOW + SECOND)) == 1


@pytest.mark.parametrize("hours", [0.5, 26.0])
def test_a_build_exactly_as_old_as_allowed_is_not_stale_and_a_second_later_it_is(tmp_path, hours):
    settings = Settings(home=tmp_path, stale_after_hours=hours)
    last = NOW - hours * HOUR
    assert stale_build(last, settings, NOW) is None
    alert = stale_build(last, settings, NOW + SECOND)
    assert alert.kind == "stale_build"
    assert alert.cause.startswith("The last successful build ended ")
    assert alert.cause.endswith(f"one is due every {hours:g} hours.")
    assert alert.at == NOW + SECOND


def test_a_build_that_never_succeeded_is_stale(tmp_path):
    alert = stale_build(None, Settings(home=tmp_path), NOW)
    assert alert.cause == "No build has succeeded yet; one is due every 26 hours."
    assert "crm doctor" in alert.fix


def test_a_success_after_now_as_clocks_that_differ_show_is_neither_late_nor_stale(tmp_path):
    ahead = NOW + HOUR
    assert late_sources([table()], [delivery("shop", "transactions", ahead)], NOW) == []
    assert stale_build(ahead, Settings(home=tmp_path), NOW) is None
