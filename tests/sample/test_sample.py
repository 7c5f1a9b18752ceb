"""What is written where, whatever the company is like: names, bytes, sizes, refusals."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from written import Sample, contents

from crm.contracts import load_feeds
from crm.sample import SampleError, write_sample
from crm.settings import Settings

FAULTS = {
    "grouped price", "impossible date", "future date", "no order", "worded quantity", "short line",
    "lower currency", "unknown currency", "no price", "too many decimals", "padded", "twin",
    "twin again", "no rate", "no e-mail address", "impossible birthday", "future birthday",
    "no customer", "unknown type", "no amount", "no dates", "unknown kind", "no start",
    "off the scale",
}  # fmt: skip
CASTS = {
    "bigint": int,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "boolean": {"true": True, "false": False}.__getitem__,
}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A small sample written as a large one is: Parquet by month, customers by batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm.sample.company.LARGE", 1_000)
        patch.setattr("crm.sample.synthetic.LARGE", 1_000)
        patch.setattr("crm.sample.company.BATCH", 100)
        return Sample(tmp_path_factory.mktemp("large"))


def test_the_same_seed_writes_the_same_bytes_with_any_number_of_threads(tmp_path):
    one = write_sample(Settings(home=tmp_path / "one", threads=1), seed=7)
    other = write_sample(Settings(home=tmp_path / "other", threads=4), seed=7)
    assert contents(one) == contents(other)
    for truth in (tmp_path / "one" / "truth").iterdir():
        assert truth.read_bytes() == (tmp_path / "other" / "truth" / truth.name).read_bytes()


def test_another_seed_writes_another_company_under_the_same_names(tmp_path):
    one = contents(write_sample(Settings(home=tmp_path / "one"), seed=7))
    other = contents(write_sample(Settings(home=tmp_path / "other"), seed=8))
    assert one.keys() == other.keys()
    written_by_hand = {name for name in one if "by_hand" in name}
    planned = {"sample_campaigns.csv", "sample_campaign_offers.csv", "sample_product_families.csv"}
    assert {name for name in one if one[name] == other[name]} == {
        name for name in one if name in written_by_hand or name.split("/")[1] in planned
    }


def test_every_feed_of_the_contract_is_there_with_columns_of_the_contract(sample):
    feeds = load_feeds()
    assert {file.parent.name for file in sample.report.files} == set(feeds)
    for name, feed in feeds.items():
        known = {column.name for column in feed.columns}
        for file in sample.settings.landing.joinpath("standard", name).iterdir():
            if file.suffix == ".csv":
                header = file.read_text(encoding="utf-8").split("\n")[0].split(",")
            else:
                header = duckdb.sql(f"from '{file}' limit 0").columns
            assert set(header) <= known, file.name


def test_several_formats_are_delivered(sample):
    endings = Counter(file.name.partition(".")[2] for file in sample.report.files)
    assert endings.keys() == {"csv", "csv.gz", "jsonl", "parquet"}


def test_every_value_that_is_not_dirty_casts_and_lies_in_the_contracts_range(sample):
    currencies = {"GBP", "EUR", "CNY"}
    dirty = {(row["feed"], row["file"], row["line_number"]) for row in sample.truth("dirt")}
    checked = Counter()
    for name, feed in load_feeds().items():
        columns = {column.name: column for column in feed.columns}
        for file, rows in sample.files(name).items():
            first = 1 if file.endswith((".jsonl", ".parquet")) else 2
            for number, row in enumerate(rows, start=first):
                if (name, file, number) in dirty:
                    continue
                for key, value in row.items():
                    if value in ("", None) or key not in columns:
                        continue
                    data_type = columns[key].data_type
                    if data_type.startswith("decimal"):
                        assert abs(Decimal(str(value))) <= 100_000_000, (file, number, key)
                    elif data_type in CASTS:
                        CASTS[data_type](value if isinstance(value, str) else str(value).lower())
                    if "currency" in key:
                        assert value in currencies
                    checked[name] += 1
    assert min(checked.values()) >= 50


def test_the_default_sample_has_about_the_size_that_it_says(sample):
    sales = {row["order_id"] for row in sample.clean if not row["original_order_id"]}
    assert 5_400 <= len(sales) <= 6_600
    assert 2.5 <= len(sample.clean) / len(sales) <= 3.4
    lines = Counter(row["order_id"] for row in sample.clean if not row["original_order_id"])
    assert set(lines.values()) == {1, 2, 3, 4, 5, 6}


def test_feeds_are_in_proportion(sample):
    orders = 6_000
    assert len(sample.rows("web_events")) <= 3 * orders
    answers = {row["response_id"] for row in sample.rows("surveys")}
    assert 0.02 <= len(answers) / 10 / 500 <= 0.06


@pytest.mark.parametrize(("customers", "orders"), [(2_000, 6_000), (600, 20_000)])
def test_customers_and_orders_scale_the_sample(tmp_path, customers, orders):
    other = Sample(tmp_path, customers=customers, orders=orders)
    sales = {row["order_id"] for row in other.clean if not row["original_order_id"]}
    assert 0.9 <= len(sales) / orders <= 1.1
    assert len(other.truth("customers")) == customers
    assert len(other.dirty_places) / len(other.clean) <= 0.004


def test_the_report_counts_every_data_line_of_every_file(sample):
    feeds = {file.parent.name for file in sample.report.files}
    assert sample.report.lines == sum(len(sample.rows(feed)) for feed in feeds)
    landed = sorted(file for file in sample.settings.landing.rglob("*") if file.is_file())
    assert sorted(sample.report.files) == landed


def test_nothing_but_landing_and_truth_is_left(sample):
    left = {file.relative_to(sample.settings.home).parts[0] for file in _files(sample)}
    assert left == {"landing", "truth"}


def _files(sample: Sample) -> list[Path]:
    return [file for file in sample.settings.home.rglob("*") if file.is_file()]


@pytest.mark.parametrize("seed", [0, 1, 2, 5, 2**63 - 1])
def test_each_kind_of_dirt_is_there_whatever_the_seed_even_in_the_smallest_sample(tmp_path, seed):
    smallest = Sample(tmp_path, customers=50, orders=100, seed=seed)
    assert {row["fault"] for row in smallest.truth("dirt")} == FAULTS
    lines = smallest.rows("transactions")
    assert sum(row.get("is_deleted") == "true" for row in lines) >= 1
    assert sum(row["original_order_id"] != "" for row in lines) >= 1
    assert sum(row.get("quantity", "").startswith("-") for row in lines) >= 1


SHOWS = {
    "grouped price": lambda row: re.fullmatch(r"1,\d{3}\.\d\d", row["unit_price"]),
    "impossible date": lambda row: row["ordered_at"] == "31/02/2025",
    "future date": lambda row: row["ordered_at"].startswith("2099-"),
    "no order": lambda row: row["order_id"] == "",
    "worded quantity": lambda row: row["quantity"] == "x",
    "short line": lambda row: "currency" not in row,
    "lower currency": lambda row: row["currency"] == "gbp",
    "unknown currency": lambda row: row["currency"] == "XQQ",
    "no price": lambda row: row["unit_price"] == row["line_amount"] == "",
    "too many decimals": lambda row: row["quantity"] == "1.23456",
    "padded": lambda row: row["customer_id"].startswith(" \xa0"),
    "twin": lambda row: True,
    "twin again": lambda row: True,
}


@pytest.mark.parametrize("name", ["sample", "large"])
def test_dirt_stands_where_the_truth_says_and_nowhere_else(request, name):
    written = request.getfixturevalue(name)
    files = written.files("transactions")
    told = {
        (row["file"], row["line_number"]): row["fault"]
        for row in written.truth("dirt")
        if row["feed"] == "transactions"
    }
    assert len(told) >= 39
    for (file, number), fault in told.items():
        assert SHOWS[fault](files[file][number - 2]), (file, number, fault)
        if fault == "twin again":
            assert files[file][number - 2] == files[file][number - 3]
    for fault, shows in SHOWS.items():
        if fault.startswith("twin"):
            continue
        found = {
            (file, number)
            for file, rows in files.items()
            if file.endswith(".csv") and "market" not in file
            for number, row in enumerate(rows, start=2)
            if ("currency" in row or fault == "short line") and shows(row)
        }
        assert found == {place for place, kind in told.items() if kind == fault}, fault


def test_a_large_sample_says_the_same_as_a_small_one_in_other_files(sample, large):
    for feed in ("customers", "surveys", "leads", "payments", "campaign_contacts", "web_events"):
        key = load_feeds()[feed].natural_key[0]
        assert sorted(str(row[key]) for row in sample.rows(feed)) == sorted(
            str(row[key]) for row in large.rows(feed)
        ), feed
    names = {file.name for file in large.report.files if file.parent.name == "transactions"}
    assert {
        f"sample_transactions_{y}_{m:02d}.parquet" for y in (2024, 2025) for m in range(1, 13)
    } < names
    assert sum(file.name.startswith("sample_customers_2024_") for file in large.report.files) == 5


def test_writing_the_sample_again_replaces_it(tmp_path):
    settings = Settings(home=tmp_path)
    first = contents(write_sample(settings, customers=60, orders=200))
    again = write_sample(settings, customers=60, orders=200)
    assert contents(again) == first
    assert len([file for file in settings.landing.rglob("*") if file.is_file()]) == len(first)


def test_a_file_that_cannot_be_written_leaves_the_one_before_whole(tmp_path):
    settings = Settings(home=tmp_path)
    report = write_sample(settings, customers=60, orders=200, seed=1)
    target = report.files[-1]
    before = target.read_bytes()
    target.with_name(f"{target.name}.part").mkdir()
    with pytest.raises(SampleError, match="could not be written"):
        write_sample(settings, customers=60, orders=200, seed=2)
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"dataset": "standart"}, "Known samples: synthetic, online-retail-ii, cdnow, complete"),
        ({"dataset": "synthetic", "source": Path()}, "Leave out --from"),
        ({"customers": 49, "orders": 500}, "at least 50 customers"),
        ({"customers": 500, "orders": 999}, "from 2 to 60 orders"),
        ({"customers": 500, "orders": 30_001}, "from 2 to 60 orders"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**63}, "out of range"),
        ({"dataset": "cdnow"}, "--from"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_fix(tmp_path, arguments, says):
    with pytest.raises(SampleError, match=re.escape(says)):
        write_sample(Settings(home=tmp_path), **arguments)
    assert list(tmp_path.iterdir()) == []
