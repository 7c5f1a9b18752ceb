"""A version is whole, exact and described; nothing changed publishes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from marts_by_hand import (
    CLOCK,
    NOW,
    TABLES,
    build,
    change,
    contract,
    dbt_manifest,
    publish_now,
    seen,
    settings_of,
)

from crm.errors import CrmError
from crm.operation.locking import NoSpaceError, require_space
from crm.publication.mart_contract import MartContractError
from crm.publication.publishing import (
    Clock,
    PublishError,
    contract_from_manifest,
    current_manifest,
    list_versions,
    publish,
)


def test_a_version_holds_the_marts_their_parquet_and_a_manifest(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publication = publish_now(settings)

    assert publication.is_new
    assert publication.rows == 1000 + 100 + 3
    assert publication.changed == tuple(sorted(TABLES))
    assert publication.version.startswith("20261122T020000Z-")
    folder = settings.published / "versions" / publication.version
    assert (settings.published / "marts.duckdb").resolve() == folder / "marts.duckdb"
    with duckdb.connect(settings.published / "marts.duckdb", read_only=True) as connection:
        for table in TABLES:
            file = settings.published / "parquet" / table.replace(".", "/") / "part-0.parquet"
            only_in_one = connection.execute(
                f"(from marts.{table} except all from '{file}')"
                f" union all (from '{file}' except all from marts.{table})"
            ).fetchall()
            assert only_in_one == []
        assert connection.execute(
            "select comment from duckdb_tables() where table_name = 'fct_orders'"
        ).fetchall() == [("One row per order.",)]

    manifest = json.loads((folder / "manifest.json").read_text())
    orders = manifest["tables"]["core.fct_orders"]
    assert manifest["run_id"] == "run-0"
    assert manifest["as_of_date"] == "2026-11-21"
    assert manifest["known_at"] == 7
    assert manifest["duckdb_version"] == duckdb.__version__
    assert manifest["storage_version"].startswith("v1.0.0")
    assert orders["rows"] == 1000
    assert orders["money"] == {"net_amount": "624375.0000"}
    assert orders["contract"]["columns"]["ordered_at"] == "TIMESTAMP WITH TIME ZONE"
    digest = hashlib.sha256((folder / "marts.duckdb").read_bytes()).hexdigest()
    assert manifest["sha256"] == digest
    assert current_manifest(settings).contract == contract()


def test_the_links_are_relative_so_that_the_warehouse_can_be_moved(tmp_path):
    settings = settings_of(tmp_path / "here")
    build(settings, 1)
    publish_now(settings)
    moved = settings_of((tmp_path / "here").rename(tmp_path / "there"))
    assert seen(moved) == 1


def test_an_empty_table_has_an_empty_parquet_file(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    change(settings, "delete from core.fct_orders")
    publication = publish_now(settings)
    file = settings.published / "parquet/core/fct_orders/part-0.parquet"
    assert duckdb.execute(f"select count(*) from '{file}'").fetchall() == [(0,)]
    assert publication.tables["core.fct_orders"].money == {"net_amount": "0.0000"}


def test_rows_still_in_the_write_ahead_log_are_published(tmp_path):
    settings = settings_of(tmp_path)
    file = build(settings, 1)
    # A process killed after its commit leaves the row in the log only.
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import duckdb, os, signal, sys; connection = duckdb.connect(sys.argv[1]);"
            "connection.execute(\"set checkpoint_threshold = '1GB'\");"
            "connection.execute('insert into quality.loads values (3, 1)');"
            "os.kill(os.getpid(), signal.SIGKILL)",
            str(file),
        ],
        check=False,
    )
    assert file.with_name("marts.duckdb.wal").exists()
    assert publish_now(settings).tables["quality.loads"].rows == 4


def test_a_database_that_another_process_has_open_is_not_published(tmp_path):
    settings = settings_of(tmp_path)
    file = build(settings, 1)
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(file)!r}); print(); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        writer.stdout.readline()
        with pytest.raises(CrmError, match=r"cannot be closed.*End the process that has it open"):
            publish_now(settings)
        writer.communicate(b"\n")
    assert publish_now(settings).is_new


def test_a_database_left_open_in_this_very_process_is_not_published(tmp_path):
    settings = settings_of(tmp_path)
    file = build(settings, 1)
    with (
        duckdb.connect(file),
        pytest.raises(CrmError, match=r"cannot be closed.*different configuration"),
    ):
        publish_now(settings)
    assert publish_now(settings).is_new


def test_marts_without_any_order_have_no_as_of_date(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1, rows=0)
    publish(settings, "run", Clock(as_of_date=None, known_at=0), contract(), NOW)
    assert current_manifest(settings).as_of_date is None
    assert current_manifest(settings).tables["core.fct_orders"].rows == 0


def test_a_file_that_is_mostly_free_space_is_written_anew_with_its_comments(tmp_path):
    settings = settings_of(tmp_path)
    file = build(settings, 1, rows=400_000)
    # Free blocks at the end are given back by DuckDB itself: these lie before the orders.
    change(settings, "create table junk as select random() as r from range(2_000_000)")
    change(
        settings,
        "create table o as from core.fct_orders; drop table core.fct_orders;"
        "create table core.fct_orders as from o; drop table o;"
        "comment on table core.fct_orders is 'One row per order.';"
        "comment on column core.fct_orders.net_amount is 'After discount.'",
    )
    change(settings, "drop table junk")
    before = file.stat().st_size
    publish_now(settings)
    assert (settings.published / "marts.duckdb").stat().st_size < before / 2
    assert seen(settings) == 1
    with duckdb.connect(settings.published / "marts.duckdb", read_only=True) as connection:
        assert connection.execute(
            "select comment from duckdb_columns() where column_name = 'net_amount'"
        ).fetchall() == [("After discount.",)]


def test_a_run_that_changed_nothing_publishes_nothing(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    first = publish_now(settings)
    build(settings, 1)
    change(
        settings,
        "create table o as from core.fct_orders order by hash(order_id);"
        "delete from core.fct_orders; insert into core.fct_orders from o; drop table o;"
        "comment on column core.fct_orders.net_amount is 'After discount.'",
    )
    second = publish_now(settings, minutes=1)
    assert (second.is_new, second.version, second.changed) == (False, first.version, ())
    assert list_versions(settings) == (first.version,)


def test_doubles_that_differ_in_the_last_digits_only_are_no_change(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    change(settings, "insert into core.fct_orders values (-1, 1, 1, null, null, 0.1::double)")
    publish_now(settings)
    change(settings, "update core.fct_orders set share_ratio = share_ratio * (1 + 1e-14)")
    assert not publish_now(settings, minutes=1).is_new
    change(settings, "update core.fct_orders set share_ratio = 0.100001 where order_id = -1")
    assert publish_now(settings, minutes=2).changed == ("core.fct_orders",)


@pytest.mark.parametrize(
    "sql",
    [
        "update core.fct_orders set net_amount = net_amount + 0.0001 where order_id = 1",
        "update core.fct_orders set net_amount = null where order_id = 1",
        "delete from rfm.rfm_customers where customer_key = 5",
        "insert into rfm.rfm_customers from rfm.rfm_customers where customer_key = 5",
        "update rfm.rfm_customers set segment = 'old' where customer_key = 7",
        "update quality.loads set build_number = 2",
        "comment on column core.fct_orders.net_amount is 'Before discount.'",
    ],
)
def test_the_smallest_change_publishes_a_version(tmp_path, sql):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    change(settings, sql)
    assert publish_now(settings, minutes=1).is_new


def test_swapped_values_change_the_content_hash(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    first = publish_now(settings)
    change(
        settings,
        "update core.fct_orders set net_amount = (1000 - order_id) * 1.25 where order_id > 0",
    )
    second = publish_now(settings, minutes=1)
    before, after = (p.tables["core.fct_orders"] for p in (first, second))
    assert before.money == after.money
    assert before.content_hash != after.content_hash


def test_a_swap_that_a_plain_sum_of_row_hashes_does_not_notice_is_noticed(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    plain = "select sum(hash(a, b)) from (values {}) as t(a, b)"
    rows = "(0::bigint, 0::bigint), (96602, 64180)"
    swapped = "(0::bigint, 64180::bigint), (96602, 0)"
    sums = [duckdb.execute(plain.format(values)).fetchall() for values in (rows, swapped)]
    assert sums[0] == sums[1]

    manifest = dbt_manifest()
    pairs = {"a": {"data_type": "bigint"}, "b": {"data_type": "bigint"}}
    manifest["nodes"]["pairs"] = {
        **manifest["nodes"]["model.crm.loads"], "name": "pairs", "alias": "pairs", "columns": pairs
    }  # fmt: skip
    with_pairs = contract_from_manifest(manifest)
    change(settings, f"create table quality.pairs as from (values {rows}) as t(a, b)")
    publish_now(settings, of=with_pairs)
    change(settings, f"create or replace table quality.pairs as from (values {swapped}) as t(a, b)")
    assert publish_now(settings, minutes=1, of=with_pairs).changed == ("quality.pairs",)


def test_a_changed_promise_alone_publishes_a_version(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    manifest = dbt_manifest()
    manifest["nodes"]["model.crm.fct_orders"]["version"] = 2
    assert publish_now(settings, minutes=1, of=contract_from_manifest(manifest)).is_new


def test_version_ids_rise_even_when_the_clock_goes_back(tmp_path):
    settings = settings_of(tmp_path)
    ids = []
    for number, minutes in enumerate((5, 5, 0, 6)):
        build(settings, number)
        ids.append(publish_now(settings, minutes).version)
    assert ids == sorted(set(ids))
    assert [name.partition("-")[0] for name in ids] == [
        "20261122T020500Z",
        "20261122T020501Z",
        "20261122T020502Z",
        "20261122T020600Z",
    ]


def test_only_the_last_versions_are_kept_and_a_held_one_stays_readable(tmp_path):
    settings = settings_of(tmp_path, keep_versions=2)
    build(settings, 0)
    publish_now(settings)
    held = duckdb.connect(
        settings.published / "versions" / list_versions(settings)[0] / "marts.duckdb",
        read_only=True,
    )
    for number in (1, 2, 3):
        build(settings, number)
        publish_now(settings, number)
    assert len(list_versions(settings)) == 2
    assert seen(settings) == 3
    answer = held.execute("select sum(order_id), max(build_number) from marts.core.fct_orders")
    assert answer.fetchall() == [(499500, 0)]
    held.close()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("create view core.v as select 1", "view core.v"),
        ("create sequence core.s", "sequence core.s"),
        ("create macro core.m(a) as a", "function core.m"),
        ("create schema private", "schema private"),
        (
            "create table core.extra as select 1 as a",
            r"core\.extra was built and is in no contract",
        ),
        ("drop table rfm.rfm_customers", r"rfm\.rfm_customers is in the contract and was not"),
        ("alter table rfm.rfm_customers drop segment", r"segment is VARCHAR in .* and absent in"),
        ("alter table rfm.rfm_customers add email text", r"email is absent in .* and VARCHAR in"),
        ("alter table quality.loads alter load_id type int", r"load_id is BIGINT .* and INTEGER"),
    ],
)
def test_marts_that_are_not_the_contract_are_refused(tmp_path, sql, told):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    change(settings, f"update quality.loads set build_number = 2; {sql}")
    with pytest.raises(CrmError, match=told):
        publish_now(settings, minutes=1)
    assert seen(settings) == 1
    assert [path.name for path in (settings.published / "versions").glob("*.tmp")] == []


def test_a_type_that_parquet_cannot_carry_is_refused(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    change(settings, "alter table quality.loads alter load_id type hugeint")
    manifest = dbt_manifest()
    manifest["nodes"]["model.crm.loads"]["columns"]["load_id"]["data_type"] = "hugeint"
    with pytest.raises(CrmError, match=r"Parquet turns quality\.loads\.load_id from HUGEINT"):
        publish_now(settings, of=contract_from_manifest(manifest))


def test_a_contract_that_breaks_the_published_one_is_refused_before_anything_is_written(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    build(settings, 2)
    change(settings, "alter table rfm.rfm_customers drop segment")
    manifest = dbt_manifest()
    customers = manifest["nodes"]["model.crm.rfm_customers"]
    del customers["columns"]["segment"]
    with pytest.raises(MartContractError, match=r"rfm_customers\.segment .*version \(2\)"):
        publish_now(settings, minutes=1, of=contract_from_manifest(manifest))
    assert seen(settings) == 1
    customers["version"] = 2
    assert publish_now(settings, minutes=2, of=contract_from_manifest(manifest)).is_new


def test_nothing_built_is_a_clear_error(tmp_path):
    with pytest.raises(CrmError, match=r"no .*marts\.duckdb to publish\. Run crm build first"):
        publish_now(settings_of(tmp_path))


@pytest.mark.parametrize("name", ["", "versions", "marts.duckdb", "parquet", "current"])
def test_a_file_in_the_way_is_a_clear_error_and_nothing_changes(tmp_path, name):
    settings = settings_of(tmp_path)
    build(settings, 1)
    obstacle = settings.published / name
    obstacle.parent.mkdir(exist_ok=True)
    obstacle.write_text("in the way")
    with pytest.raises(CrmError, match=r"writable|in the way|must be a directory"):
        publish_now(settings)
    assert obstacle.read_text() == "in the way"
    obstacle.unlink()
    assert publish_now(settings).is_new
    assert seen(settings) == 1


def test_a_damaged_manifest_is_a_clear_error(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    version = publish_now(settings).version
    (settings.published / "versions" / version / "manifest.json").write_text("{}")
    with pytest.raises(PublishError, match=f"manifest of version {version} cannot be read"):
        publish_now(settings)


def test_a_disk_without_room_is_refused_beforehand(tmp_path):
    require_space(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(NoSpaceError, match=r"MB free, and .* MB are needed\. Free some space"):
        require_space(tmp_path / "not" / "there" / "yet", 2**60)


def test_a_build_file_that_would_not_fit_is_refused(tmp_path):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    file = build(settings, 2)
    with file.open("ab") as stream:  # sparse: as large as the disk on paper only
        stream.truncate(2**43)
    with pytest.raises(NoSpaceError):
        publish_now(settings, minutes=1)
    assert seen(settings) == 1


def _publish_with_small_files(home: Path, limit: int) -> None:
    """Runs in a process of its own: no file may grow past `limit` bytes, as on a full disk."""
    settings = settings_of(home)

    def limit_files(step: str) -> None:
        if step == "checked":
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    publish(settings, "full disk", CLOCK, contract(), NOW + dt.timedelta(minutes=1), limit_files)


@pytest.mark.parametrize("share", [0.0001, 0.5])
def test_a_disk_that_fills_up_on_the_way_leaves_the_published_version(tmp_path, share):
    settings = settings_of(tmp_path)
    build(settings, 1)
    publish_now(settings)
    limit = int(build(settings, 2).stat().st_size * share)
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pathlib, sys; sys.path[:0] = [sys.argv[1]]; import test_publishing as t;"
            "from crm.errors import CrmError\n"
            "try: t._publish_with_small_files(pathlib.Path(sys.argv[2]), int(sys.argv[3]))\n"
            "except CrmError as error: print(type(error).__name__, error)",
            str(Path(__file__).parent),
            str(tmp_path),
            str(limit),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(("PublishError", "MartFileError")), run.stdout + run.stderr
    assert seen(settings) == 1
    assert publish_now(settings, minutes=2).is_new
    assert seen(settings) == 2
