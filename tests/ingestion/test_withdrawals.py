"""A delivery that a person withdrew is as if it had never arrived, and does not come back."""

import datetime as dt

import duckdb
import pytest

from crm.contracts import load_tables
from crm.lake import ingestion as lake
from crm.lake import raw_views
from crm.lake.deliveries import NoSuchDeliveryError, read_deliveries, withdraw
from crm.settings import Settings

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
HEADER = "order_id,ordered_at,unit_price\n"


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path, settle_seconds=0, systems=("standard",))
    folder = settings.landing / "standard/transactions"
    folder.mkdir(parents=True)
    (folder / "good.csv").write_text(HEADER + "1,2026-01-05,9.90\n")
    (folder / "wrong.csv").write_text(HEADER + "2,2026-01-05,99999\n")
    lake.ingest(settings, load_tables(settings), NOW)
    return settings


def orders(settings):
    with duckdb.connect() as con:
        raw_views.register(con, settings, load_tables(settings))
        found = con.execute("select order_id from raw.standard__transactions order by 1").fetchall()
    return [order for (order,) in found]


def test_the_rows_of_a_withdrawn_delivery_are_gone_and_the_others_stay(settings):
    assert orders(settings) == ["1", "2"]
    withdraw(settings, 2, "the price is the turnover of a year")
    assert orders(settings) == ["1"]


def test_the_log_says_that_it_was_withdrawn_and_why(settings):
    withdraw(settings, 2, "wrong prices")
    withdrawn = read_deliveries(settings)[1]
    assert (withdrawn.status, withdrawn.reason) == ("withdrawn", "wrong prices")


def test_the_file_that_still_lies_there_does_not_bring_it_back(settings):
    withdraw(settings, 2, "wrong prices")
    assert lake.ingest(settings, load_tables(settings), NOW).deliveries == ()
    assert orders(settings) == ["1"]


def test_a_corrected_file_at_its_path_is_a_new_delivery(settings):
    withdraw(settings, 2, "wrong prices")
    file = settings.landing / "standard/transactions/wrong.csv"
    file.write_text(HEADER + "2,2026-01-05,9.99\n")
    assert [d.load_id for d in lake.ingest(settings, load_tables(settings), NOW).deliveries] == [3]
    assert orders(settings) == ["1", "2"]


def test_what_never_arrived_or_is_withdrawn_already_cannot_be_withdrawn(settings):
    withdraw(settings, 2, "wrong prices")
    for load_id in (2, 7):
        with pytest.raises(NoSuchDeliveryError, match=f"load_id {load_id}"):
            withdraw(settings, load_id, "again")
