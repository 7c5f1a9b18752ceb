from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from batches_by_hand import DAY, NOW, ORDERS, TABLES, Shop, about, blocking, failed, orders

from crm.checks.door import DOOR_LIMITS, judge_deliveries
from crm.checks.profiles import Delivery, Profile, ProfileError, profile, scanner
from crm.contracts import Column, SourceTable
from crm.lake.deliveries import read_deliveries, withdraw
from crm.settings import PROJECT_ROOT


def test_an_ordinary_batch_passes_every_check(shop: Shop) -> None:
    shop.usual(7)
    outcomes = shop.judge_last()
    assert failed(outcomes) == []
    assert about(outcomes, "rows ratio_to_median error").observed["judged"] == 1
    assert {outcome.subject for outcome in outcomes} == {"shop/transactions"}


def test_ten_times_the_rows_block_and_the_message_names_the_file_and_the_way_on(shop: Shop) -> None:
    shop.usual()
    shop.deliver("again.csv", orders(2000))
    outcome = about(shop.judge_last(), "rows ratio_to_median error")
    assert (outcome.status, outcome.blocks) == ("failed", True)
    assert "shop/transactions/again.csv: rows is 2000, 9.88 times the median" in outcome.description
    assert "`crm withdraw 7` (shop/transactions/again.csv)" in outcome.description
    assert "add a row for it to door_limits.csv" in outcome.description
    assert "`crm build --known-at 6`" in outcome.description


def test_a_withdrawn_file_blocks_no_more_and_is_nobodys_history(shop: Shop) -> None:
    shop.usual(5)
    shop.deliver("again.csv", orders(2000))
    assert blocking(shop.judge()) != []
    withdraw(shop.settings, 6, "a test")
    assert blocking(shop.judge()) == []
    shop.deliver("next.csv", orders(201))
    outcome = about(shop.judge_last(), "rows ratio_to_median error")
    assert outcome.observed["largest"] == 201 / 202


def test_half_the_ids_missing_block(shop: Shop) -> None:
    shop.usual()
    shop.deliver("halved.csv", orders(200, without_customer=100))
    outcomes = shop.judge_last()
    assert blocking(outcomes) == ["shop/transactions: null_share beyond_range error"]
    assert "halved.csv:customer_id" in about(outcomes, "null_share beyond_range error").description


def test_a_narrow_limit_warns_and_does_not_block(shop: Shop) -> None:
    shop.usual()
    shop.deliver("busy.csv", orders(800))
    outcomes = shop.judge_last()
    outcome = about(outcomes, "rows ratio_to_median warn")
    assert (outcome.status, outcome.blocks) == ("failed", False)
    assert blocking(outcomes) == []


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (orders(200, sign=-1), "negative_share beyond_range error"),
        (orders(200, unit=100), "median_value ratio_to_median error"),
        (orders(200, day=NOW.date().replace(year=2027)), "after_delivery_share beyond_range error"),
        (orders(200).replace(",email", ",phone"), "null_share beyond_range error"),
        (orders(150) + 60 * "torn,line\n", "unparseable_share value error"),
    ],
)
def test_each_kind_of_implausible_batch_blocks(shop: Shop, content: str, check: str) -> None:
    for n in range(6):
        shop.deliver(f"{n}.csv", orders(200 + n, email="a@b.example"))
    shop.deliver("bad.csv", content)
    assert about(shop.judge_last(), check).blocks


def test_an_empty_file_where_none_was_empty_warns(shop: Shop) -> None:
    shop.usual(1)
    shop.deliver("empty.csv", orders(0))
    outcomes = shop.judge_last()
    assert about(outcomes, "is_empty").status == "failed"
    shop.deliver("empty_again.csv", orders(0) + "\n")
    assert about(shop.judge_last(), "is_empty").status == "passed"


def test_without_history_distribution_is_not_evaluated_and_shape_is(shop: Shop) -> None:
    shop.usual(1)
    outcomes = shop.judge()
    assert about(outcomes, "rows ratio_to_median error").status == "not_evaluated"
    assert "history is too short" in about(outcomes, "null_share beyond_range warn").description
    assert about(outcomes, "unparseable_share value error").status == "passed"
    assert blocking(outcomes) == []


def test_a_limit_on_an_unknown_metric_is_errored_and_blocks_even_as_a_warning(shop: Shop) -> None:
    shop.limits_file = _limits(shop, "*,null_sahre,warn,value,,0.1,0,0,Mistyped\n")
    shop.usual(1)
    outcome = about(shop.judge(), "null_sahre")
    assert (outcome.status, outcome.severity, outcome.blocks) == ("errored", "error", True)
    assert outcome.subject == "shop/transactions"


def test_a_limit_for_one_file_accepts_it_and_nothing_else(shop: Shop) -> None:
    shop.usual()
    shop.deliver("opening.csv", orders(3000))
    shop.deliver("other.csv", orders(3001))
    row = "shop/transactions/opening.csv,rows,error,ratio_to_median,,20,1,0,Opening stock\n"
    shop.limits_file = _limits(shop, row)
    outcomes = shop.judge([7, 8])
    assert about(outcomes, "rows ratio_to_median error [shop/").status == "passed"
    general = [o for o in outcomes if o.name.endswith("rows ratio_to_median error")]
    assert ["other.csv" in o.description for o in general if o.blocks] == [True]


def test_of_several_contents_at_one_path_the_message_leaves_out_the_bad_one(shop: Shop) -> None:
    shop.usual()
    for content in (orders(205), orders(2000)):
        shop.deliver("day.csv", content)
    outcome = about(shop.judge([7, 8]), "rows ratio_to_median error")
    assert "`crm withdraw 8` (shop/transactions/day.csv);" in outcome.description


def test_the_same_content_delivered_again_is_plausible(shop: Shop) -> None:
    shop.usual()
    for content in (orders(205), orders(190), orders(205)):
        shop.deliver("day.csv", content)
    assert len(read_deliveries(shop.settings)) == 9
    assert failed(shop.judge([7, 8, 9])) == []


def test_what_stopped_one_run_stops_the_next_that_brings_nothing_new(shop: Shop) -> None:
    shop.usual()
    shop.deliver("again.csv", orders(2000))
    first, second = shop.judge(), shop.judge()
    assert blocking(first) == ["shop/transactions: rows ratio_to_median error"]
    assert first == second


def test_a_run_with_nothing_to_judge_says_nothing(shop: Shop) -> None:
    shop.usual(1)
    assert shop.judge([]) == []


def test_refused_files_and_switched_off_systems_are_not_judged(shop: Shop) -> None:
    shop.deliver("refused.csv", "some,other,columns\n1,2,3\n")
    assert [d.status for d in read_deliveries(shop.settings)] == ["refused"]
    assert shop.judge() == []
    shop.usual(1)
    everything = read_deliveries(shop.settings)
    assert judge_deliveries(shop.settings, {}, everything, everything) == []


def test_history_is_read_from_its_profiles_and_not_from_the_files(shop: Shop) -> None:
    shop.usual()
    before = shop.judge()
    for file in (shop.settings.raw / "shop/transactions").glob("*.parquet"):
        file.unlink()
    assert shop.judge() == before


def test_lost_or_damaged_profiles_are_made_again(shop: Shop) -> None:
    shop.usual(3)
    before = shop.judge()
    kept = sorted((shop.settings.raw / "_profiles").glob("**/*.json"))
    text = [file.read_text(encoding="utf-8") for file in kept]
    kept[0].write_text("{", encoding="utf-8")
    kept[1].unlink()
    assert shop.judge() == before
    assert [file.read_text(encoding="utf-8") for file in kept] == text


def test_a_changed_declaration_profiles_anew(shop: Shop) -> None:
    shop.usual(1)
    (delivery,) = read_deliveries(shop.settings)
    assert "amount" in profiled(shop, ORDERS, delivery)["mean_value"]
    text_only = replace(ORDERS, columns=(Column("order_id"), Column("amount")))
    assert "mean_value" not in profiled(shop, text_only, delivery)


def test_a_declared_column_that_the_file_lacks_counts_as_all_null(shop: Shop) -> None:
    shop.deliver("a.csv", orders(10).replace(",email", ",mail"))
    (delivery,) = read_deliveries(shop.settings)
    assert profiled(shop, ORDERS, delivery)["null_share"]["email"] == 1.0


def test_a_profile_has_the_numbers_of_typed_parquet(shop: Shop) -> None:
    shop.usual(1)
    (delivery,) = read_deliveries(shop.settings)
    file = shop.settings.raw / f"shop/transactions/{delivery.stored_as}.parquet"
    duckdb.execute(
        "copy (select * from (values ('1', null, timestamptz '2026-03-01 00:30:00+14', -1.5), "
        "('2', 'b', timestamptz '2026-03-21 06:00:01+00', 2.5)) "
        f"as t(order_id, customer_id, ordered_at, amount)) to '{file}' (format parquet)"
    )
    measured = profiled(shop, ORDERS, delivery)
    assert measured["null_share"] == {
        "order_id": 0, "customer_id": 0.5, "ordered_at": 0, "amount": 0, "email": 1
    }  # fmt: skip
    assert measured["negative_share"] == {"amount": 0.5}
    assert measured["mean_value"] == {"amount": 0.5}
    assert measured["days_covered"] == {"ordered_at": 22}
    assert measured["after_delivery_share"] == {"ordered_at": 0.5}


def test_blank_text_counts_as_null(shop: Shop) -> None:
    shop.deliver("a.csv", 'order_id,customer_id\n1,\n2,"  "\n3,""\n4,x\n')
    (delivery,) = read_deliveries(shop.settings)
    assert profiled(shop, ORDERS, delivery)["null_share"]["customer_id"] == 0.75


def test_instants_are_read_in_utc_wherever_the_machine_stands(shop: Shop) -> None:
    shop.usual(1)
    (delivery,) = read_deliveries(shop.settings)
    file = shop.settings.raw / f"shop/transactions/{delivery.stored_as}.parquet"
    moment = NOW + dt.timedelta(hours=20)  # in Auckland a day and nine hours after the delivery
    duckdb.execute(f"copy (select timestamptz '{moment}' as ordered_at) to '{file}'")
    script = (
        "import sys; from pathlib import Path; from batches_by_hand import ORDERS, Shop;"
        "from crm.lake.deliveries import read_deliveries;"
        "from crm.checks.profiles import profile, scanner;"
        "shop = Shop(Path(sys.argv[1])); (delivery,) = read_deliveries(shop.settings);"
        "numbers = profile(scanner(shop.settings), shop.settings, ORDERS, delivery);"
        "print(numbers['after_delivery_share'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop.home)],
        env={"TZ": "Pacific/Auckland", "PYTHONPATH": f"{PROJECT_ROOT}:{Path(__file__).parent}"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "{'ordered_at': 0.0}"


def test_a_missing_file_of_the_lake_is_no_pass(shop: Shop) -> None:
    shop.usual(1)
    shutil.rmtree(shop.settings.raw / "shop")
    with pytest.raises(ProfileError, match="cannot be profiled"):
        shop.judge()


def test_no_personal_data_reaches_profiles_validations_or_pages(shop: Shop) -> None:
    canary = "canary.bird@example.com"
    shop.usual()
    named = orders(2000, email=canary).replace("c0042", "Zdenka Kanarek").replace("c0043", "+4420")
    shop.deliver("bad.csv", named)
    assert blocking(shop.judge_last()) != []
    written = [
        file
        for folder in (
            shop.settings.build,
            shop.settings.published,
            shop.settings.raw / "_profiles",
        )
        for file in folder.rglob("*")
        if file.is_file()
    ]
    assert {".json", ".html"} <= {file.suffix for file in written}
    for file in written:
        content = file.read_bytes()
        assert not [w for w in (canary, "Kanarek", "+4420") if w.encode() in content], file


def test_progress_counts_the_measured_files(shop: Shop) -> None:
    shop.usual(2)
    told: list[tuple[str, int, int]] = []
    everything = read_deliveries(shop.settings)
    judge_deliveries(shop.settings, TABLES, everything, everything, lambda *step: told.append(step))
    assert told == [
        (f"shop/transactions/{DAY}.csv", 1, 2),
        ("shop/transactions/2026-03-02.csv", 2, 2),
    ]
    assert len(list((shop.settings.raw / "_profiles").glob("*/*/*.json"))) == 2
    json.loads(next((shop.settings.raw / "_profiles").glob("*/*/*.json")).read_bytes())


def profiled(shop: Shop, table: SourceTable, delivery: Delivery) -> Profile:
    with closing(scanner(shop.settings)) as con:
        return profile(con, shop.settings, table, delivery)


def _limits(shop: Shop, row: str) -> Path:
    file = shop.home / "limits.csv"
    file.write_text(DOOR_LIMITS.read_text(encoding="utf-8") + row, encoding="utf-8")
    return file
