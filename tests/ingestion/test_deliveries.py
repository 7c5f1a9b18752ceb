"""What counts as a delivery, and that a run is committed as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lake_by_hand import MORNING, Lake, sha256

from crm.contracts import Column
from crm.lake.ingestion import LakeError, ingest, read_deliveries
from crm.settings import PROJECT_ROOT


def test_the_same_file_seen_again_is_a_no_op(lake: Lake) -> None:
    lake.take("id\n1\n")
    before = sorted(lake.settings.raw.rglob("*.*"))
    report = lake.ingest()
    assert (report.deliveries, report.unchanged) == ((), 1)
    assert sorted(lake.settings.raw.rglob("*.*")) == before


def test_a_file_touched_but_not_changed_is_a_no_op(lake: Lake) -> None:
    lake.take("id\n1\n")
    lake.deliver("a.csv", "id\n1\n")
    os.utime(lake.folder / "a.csv", (1, 1))
    assert (lake.ingest().unchanged, len(read_deliveries(lake.settings))) == (1, 1)


def test_a_then_b_then_a_are_three_deliveries_of_two_contents(lake: Lake) -> None:
    a, b = "id\n1\n", "id\n2\n"
    hashes = [lake.take(content).content_hash for content in (a, b, a)]
    assert hashes == [sha256(a.encode()), sha256(b.encode()), sha256(a.encode())]
    assert [d.load_id for d in read_deliveries(lake.settings)] == [1, 2, 3]
    assert len(list((lake.settings.raw / "shop/transactions").iterdir())) == 2


def test_the_same_content_under_two_names_is_two_deliveries_of_one_content(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\nx,y\n")
    lake.deliver("b.csv", "id\n1\nx,y\n")
    first, second = lake.ingest().deliveries
    assert (first.file, second.file) == ("a.csv", "b.csv")
    assert (second.records, second.unparseable) == (first.records, first.unparseable) == (1, 1)
    assert len(list((lake.settings.raw / "shop/transactions").iterdir())) == 1


def test_a_refused_name_takes_nothing_from_the_same_content_under_a_good_one(lake: Lake) -> None:
    lake.deliver("a b.csv", "id\n1\nx,y\n")
    lake.deliver("a.csv", "id\n1\nx,y\n")
    refused, taken = lake.ingest().deliveries
    assert lake.rejects(refused) == [(None, None, refused.reason)]
    assert [row[:2] for row in lake.rejects(taken)] == [(3, "x,y")]


def test_a_delivery_says_what_there_is_to_say(lake: Lake) -> None:
    lake.deliver("a.csv", "id,more\n1,2\n3\n")
    summer = dt.datetime(2026, 7, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    lake.ingest(summer)
    (log,) = (lake.settings.raw / "_deliveries").iterdir()
    assert log.name == "000000000001.jsonl"
    record = json.loads(log.read_text())
    assert len(record.pop("contract_fingerprint")) == 64
    assert len(record.pop("reading")) == 8
    assert record == {
        "load_id": 1,
        "system": "shop",
        "table": "transactions",
        "feed": "transactions",
        "path": "shop/transactions/a.csv",
        "file": "a.csv",
        "content_hash": sha256(b"id,more\n1,2\n3\n"),
        "version_rank": None,
        "delivered_at": "2026-07-01T00:00:00+00:00",
        "format": "csv",
        "bytes": 14,
        "delivered": 2,
        "records": 1,
        "unparseable": 1,
        "status": "taken",
        "reason": None,
        "columns": ["id", "more"],
        "extra_columns": ["more"],
        "replaces": [],
        "arrival": 1,
    }


def test_what_is_read_back_is_what_was_reported(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\n")
    lake.deliver("b.csv", "no\n1\n")
    reported = lake.ingest().deliveries
    assert [d.status for d in reported] == ["taken", "refused"]
    assert tuple(read_deliveries(lake.settings)) == reported


def test_mending_the_contract_brings_a_refused_file_in(lake: Lake) -> None:
    assert lake.take("key,note\n1,a\n").status == "refused"
    assert lake.ingest().unchanged == 1
    lake.declare(columns=(Column("key", is_required=True),))
    (taken,) = lake.ingest().deliveries
    assert (taken.status, taken.load_id) == ("taken", 2)
    refused = read_deliveries(lake.settings)[0]
    assert [row[:2] for row in lake.rejects(refused)] == [(2, "1,a")]
    assert lake.rejects(taken) == []


def test_a_contract_that_refuses_for_the_same_reason_makes_no_new_delivery(lake: Lake) -> None:
    lake.take("key\n1\n")
    lake.declare(columns=(*lake.table.columns, Column("more")))
    assert (lake.ingest().unchanged, len(read_deliveries(lake.settings))) == (1, 1)


def test_a_changed_contract_leaves_taken_files_alone(lake: Lake) -> None:
    lake.take("id\n1\n")
    lake.declare(columns=(*lake.table.columns, Column("more")))
    assert lake.ingest().deliveries == ()


def test_losing_the_cache_loses_nothing(lake: Lake) -> None:
    lake.take("id\n1\n")
    seen = lake.settings.raw / "_seen.json"
    for damage in ("", "[]", '{"a": 1}'):
        seen.write_text(damage)
        assert lake.ingest().unchanged == 1
    seen.unlink()
    assert lake.ingest().unchanged == 1


def test_a_damaged_log_stops_the_run_and_names_the_file(lake: Lake) -> None:
    lake.take("id\n1\n")
    (log,) = (lake.settings.raw / "_deliveries").iterdir()
    log.write_text('{"load_id": 1}\n')
    with pytest.raises(LakeError, match=r"000000000001\.jsonl is no log of deliveries"):
        lake.ingest()


def test_a_time_without_a_zone_is_an_error(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no zone"):
        ingest(lake.settings, {}, MORNING.replace(tzinfo=None))


def test_a_lake_that_cannot_be_written_is_an_error_with_a_fix(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\n")
    lake.settings.raw.write_text("in the way")
    with pytest.raises(LakeError, match="nothing of this run was committed"):
        lake.ingest()


def test_an_empty_landing_folder_is_no_error(lake: Lake) -> None:
    report = lake.ingest()
    assert (report.deliveries, report.unchanged) == ((), 0)


def test_progress_counts_every_file(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\n")
    lake.deliver("b.csv", "no\n1\n")
    told: list[tuple[str, int, int]] = []
    lake.ingest(progress=lambda path, done, total: told.append((path, done, total)))
    assert told == [("shop/transactions/a.csv", 1, 2), ("shop/transactions/b.csv", 2, 2)]


KILLED = """
import os, signal, sys
from pathlib import Path
from lake_by_hand import Lake

def die(path, done, total):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

Lake(Path(sys.argv[1])).ingest(progress=die)
"""


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_killed_run_leaves_nothing_and_the_next_heals(lake: Lake, killed_after: int) -> None:
    for name in ("a", "b", "c"):
        lake.deliver(f"{name}.csv", f"id\n{name}\n")
    (lake.settings.raw / "_work/file").mkdir(parents=True)
    (lake.settings.raw / "_work/file/left.tmp").write_text("over")
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(lake.home), str(killed_after)],
        env={**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}:{Path(__file__).parent}"},
        capture_output=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    content = list((lake.settings.raw / "shop/transactions").iterdir())
    assert len(content) == killed_after
    assert read_deliveries(lake.settings) == []

    healed = lake.ingest()
    assert [d.load_id for d in healed.deliveries] == [1, 2, 3]
    assert [lake.rows(d) for d in healed.deliveries] == [[(2, "a")], [(2, "b")], [(2, "c")]]
    assert not (lake.settings.raw / "_work").exists()
    assert lake.ingest().unchanged == 3
