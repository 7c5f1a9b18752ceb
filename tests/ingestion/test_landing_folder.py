"""Which files are taken from the landing folder, when, and which are refused for what they are."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
import time
from pathlib import Path

import pytest
from lake_by_hand import Lake, packed


def test_unfinished_and_hidden_names_are_left_alone(lake: Lake) -> None:
    for name in ("a.csv.part", "a.csv.tmp", ".a.csv", "b.CSV.PART"):
        lake.deliver(name, "id\n1\n")
    report = lake.ingest()
    assert (report.deliveries, report.waiting, report.warnings) == ((), (), ())


@pytest.mark.parametrize(
    "name", ["o'brien.csv", "a;b.csv", "a*.csv", "a\nb.csv", "a b.csv", "ä.csv"]
)
def test_names_that_could_mean_something_are_refused(lake: Lake, name: str) -> None:
    refused = lake.take("id\n1\n", name)
    assert refused.status == "refused"
    assert str(refused.reason).startswith("Its name has characters other than")
    assert lake.ingest().unchanged == 1


def test_a_name_that_is_no_text_is_refused(lake: Lake) -> None:
    lake.folder.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(lake.folder) + b"/\xff.csv")).write_bytes(b"id\n1\n")
    (refused,) = lake.ingest().deliveries
    assert (refused.status, refused.file) == ("refused", "\\xff.csv")
    assert lake.ingest().unchanged == 1


def test_links_are_refused_and_never_followed(lake: Lake, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id\n1\n")
    lake.deliver("a.csv", "id\n1\n").with_name("b.csv").symlink_to(secret)
    lake.folder.joinpath("c.csv").symlink_to(tmp_path / "nowhere")
    a, b, c = lake.ingest().deliveries
    assert [a.status, b.status, c.status] == ["taken", "refused", "refused"]
    assert b.reason == c.reason == "It is a link. Deliver the file itself."


def test_what_is_no_file_is_refused_without_being_opened(lake: Lake) -> None:
    lake.folder.mkdir(parents=True)
    os.mkfifo(lake.folder / "a.csv")
    (refused,) = lake.ingest().deliveries
    assert refused.reason == "It is no regular file."


def test_linked_folders_are_not_followed(lake: Lake, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text("id\n1\n")
    lake.folder.parent.mkdir(parents=True)
    lake.folder.symlink_to(elsewhere)
    report = lake.ingest()
    assert report.deliveries == ()
    assert report.warnings == (
        "'shop/transactions' is a link and is not followed: make it a real folder.",
    )


def test_unknown_extensions_are_refused(lake: Lake) -> None:
    assert str(lake.take(b"x", "a.xls").reason).startswith("Its extension is none of .csv")


def test_files_over_the_limit_are_refused(lake: Lake) -> None:
    lake.options["max_file_gigabytes"] = 1e-8
    assert lake.take("id\n1\n", "small.csv").status == "taken"
    refused = lake.take("id\n123456789\n", "large.csv")
    assert "max_file_gigabytes" in str(refused.reason)


def test_a_packed_file_may_not_unpack_beyond_the_limit(lake: Lake) -> None:
    lake.options["max_file_gigabytes"] = 1e-4
    refused = lake.take(packed("id\n" + "1\n" * 1_000_000), "bomb.csv.gz")
    assert refused.reason == "It unpacks to more than 100000 bytes."


def test_raising_the_limit_brings_the_refused_file_in(lake: Lake) -> None:
    lake.options["max_file_gigabytes"] = 1e-9
    assert lake.take("id\n1\n").status == "refused"
    lake.options["max_file_gigabytes"] = 1.0
    (taken,) = lake.ingest().deliveries
    assert (taken.status, taken.load_id) == ("taken", 2)


def test_the_sequence_in_the_name_orders_what_arrives_together(lake: Lake) -> None:
    lake.declare(file_sequence=re.compile(r"_(\d{4})_(\d+)\.csv"))
    lake.deliver("a_2024_10.csv", "id\n1\n")
    lake.deliver("b_2024_09.csv", "id\n2\n")
    lake.deliver("c.csv", "id\n3\n")
    found = lake.ingest().deliveries
    assert [(d.load_id, d.file, d.version_rank) for d in found] == [
        (1, "c.csv", None),
        (2, "b_2024_09.csv", 202409),
        (3, "a_2024_10.csv", 202410),
    ]
    assert "file_sequence" in str(found[0].reason)


def test_a_sequence_too_long_to_count_is_refused(lake: Lake) -> None:
    lake.declare(file_sequence=re.compile(r"_(\d+)"))
    assert "no rank of 1-18 digits" in str(lake.take("id\n1\n", f"a_{'9' * 19}.csv").reason)


def test_a_file_that_has_been_still_is_taken_at_once(lake: Lake) -> None:
    lake.options["settle_seconds"] = 0.2
    lake.deliver("a.csv", "id\n1\n")
    time.sleep(0.25)
    assert len(lake.ingest().deliveries) == 1


def test_a_young_file_is_waited_for_and_one_that_still_grows_is_left(lake: Lake) -> None:
    lake.options["settle_seconds"] = 0.5
    growing = lake.deliver("growing.csv", "id\n1\n")
    lake.deliver("young.csv", "id\n1\n")
    done = threading.Event()

    def grow() -> None:
        while not done.wait(0.02):
            with growing.open("ab") as file:
                file.write(b"2\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        report = lake.ingest()
    finally:
        done.set()
        writer.join()
    assert [d.file for d in report.deliveries] == ["young.csv"]
    assert [(w.path, w.reason) for w in report.waiting] == [
        ("shop/transactions/growing.csv", "It still changes.")
    ]
    assert [d.file for d in lake.ingest().deliveries] == ["growing.csv"]


def test_a_time_stamp_from_the_future_does_not_keep_a_file_waiting(lake: Lake) -> None:
    lake.options["settle_seconds"] = 0.1
    file = lake.deliver("a.csv", "id\n1\n")
    os.utime(file, (time.time() + 1e6, time.time() + 1e6))
    assert len(lake.ingest().deliveries) == 1


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet"])
def test_a_file_without_its_end_waits_and_is_refused_in_the_end(lake: Lake, name: str) -> None:
    whole = packed("id\n1\n") if name.endswith("gz") else b"PAR1 and more to come"
    lake.deliver(name, whole[:-3])
    report = lake.ingest()
    assert report.deliveries == ()
    assert [w.path for w in report.waiting] == [f"shop/transactions/{name}"]
    late = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61)
    (refused,) = lake.ingest(late).deliveries
    assert (refused.status, refused.delivered, refused.unparseable) == ("refused", 1, 1)
    assert refused.reason == report.waiting[0].reason
    assert lake.ingest(late).unchanged == 1


def test_a_file_that_becomes_whole_is_taken(lake: Lake) -> None:
    lake.deliver("a.csv.gz", packed("id\n1\n")[:-3])
    assert lake.ingest().deliveries == ()
    assert lake.take(packed("id\n1\n"), "a.csv.gz").status == "taken"


def test_what_belongs_to_nothing_known_is_named(lake: Lake) -> None:
    lake.deliver("a.csv", "id\n1\n").parent.joinpath("2024").mkdir()
    root = lake.settings.landing
    (root / "stray.csv").write_text("id\n1\n")
    (root / "shp").mkdir()
    (root / "shop" / "transaction").mkdir()
    report = lake.ingest()
    assert len(report.deliveries) == 1
    assert report.warnings == (
        "'shp' is no known system; nothing in it is taken. Did you mean 'shop'?",
        "'stray.csv' is not taken: files belong in <system>/<table>/.",
        "'shop/transaction' is no known table; nothing in it is taken. "
        "Did you mean 'transactions'?",
        "'shop/transactions/2024' is a folder: tables have none inside.",
    )
