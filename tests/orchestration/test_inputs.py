"""What a build rests on: a change of any of it is seen, and nothing else is."""

import datetime as dt

import pytest

from crm.contracts import load_tables
from crm.lake import ingestion as lake
from crm.lake.deliveries import withdraw
from crm.settings import Settings
from orchestration import inputs

NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path, settle_seconds=0, systems=("standard",))
    deliver(settings, "a.csv")
    return settings


def deliver(settings, name):
    file = settings.landing / "standard/transactions" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"order_id,ordered_at,unit_price\n{name},2026-01-05,9.90\n")
    lake.ingest(settings, load_tables(settings), NOW)


def test_the_same_inputs_have_the_same_fingerprint(settings):
    assert inputs.fingerprint(settings, None, None) == inputs.fingerprint(settings, None, None)


@pytest.mark.parametrize(
    ("as_of", "known_at", "changed"),
    [
        ("2026-01-05", None, {}),
        (None, 1, {}),
        (None, None, {"reporting_currency": "EUR"}),
        (None, None, {"systems": ("standard", "online_retail")}),
    ],
)
def test_another_clock_or_setting_is_another_input(settings, as_of, known_at, changed):
    before = inputs.fingerprint(settings, None, None)
    assert inputs.fingerprint(settings.model_copy(update=changed), as_of, known_at) != before


def test_settings_that_decide_no_number_change_nothing(settings):
    before = inputs.fingerprint(settings, None, None)
    other = settings.model_copy(update={"threads": 1, "keep_versions": 2})
    assert inputs.fingerprint(other, None, None) == before


def test_a_delivery_and_its_withdrawal_are_both_seen(settings):
    prints = [inputs.fingerprint(settings, None, None)]
    deliver(settings, "b.csv")
    prints.append(inputs.fingerprint(settings, None, None))
    withdraw(settings, 2, "wrong")
    prints.append(inputs.fingerprint(settings, None, None))
    assert len(set(prints)) == 3


def test_a_changed_file_of_the_project_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "PROJECT_ROOT", tmp_path)
    (tmp_path / "seeds").mkdir()
    seed = tmp_path / "seeds/limits.csv"
    seed.write_text("a,1\n")
    before = inputs.hash_of_files(["seeds"])
    seed.write_text("a,2\n")
    assert inputs.hash_of_files(["seeds"]) != before


def test_nothing_counts_as_unchanged_before_something_was_published(settings):
    settings.build.mkdir()
    now = inputs.fingerprint(settings, None, None)
    inputs.remember(settings, now)
    assert not inputs.are_unchanged(settings, now)
