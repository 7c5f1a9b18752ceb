"""What `crm doctor` says of a warehouse before anything runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from crm.operation.doctor import Finding, findings
from crm.settings import Settings

NOW = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)


def found(settings: Settings, subject: str) -> list[Finding]:
    return [each for each in findings(settings, NOW) if each.subject == subject]


def test_a_misspelt_folder_and_a_stray_file_are_to_be_mended(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, systems=("standard",))
    (settings.landing / "standard" / "customers").mkdir(parents=True)
    assert found(settings, "landing") == []
    (settings.landing / "standrad").mkdir()
    (settings.landing / "standard" / "orders.csv").touch()
    told = found(settings, "landing")
    assert [each.says for each in told] == [
        "'standrad' is no known system; nothing in it is taken. Did you mean 'standard'?",
        "'standard/orders.csv' is not taken: files belong in <system>/<table>/.",
    ]
    assert all(each.fix for each in told)
