"""The sample: what a user sees first, so every trait it promises is looked for in its files."""

import csv
import datetime as dt
import itertools
import re
import statistics
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

from crm.contracts import load_feeds
from crm.sample import ONLINE_RETAIL_FILES, SampleError, SampleReport, write_sample
from crm.settings import Settings

TRANSACTIONS_HEADER = [
    "order_id", "line_number", "customer_id", "ordered_at", "product_id", "quantity", "unit_price",
    "line_amount", "discount_amount", "currency", "unit_cost", "channel", "store_id",
    "promotion_id", "original_order_id", "line_kind", "updated_at", "is_deleted",
]  # fmt: skip
DIRT = {
    "grouped price": lambda row: re.fullmatch(r"\d{1,3}(,\d{3})+\.\d\d", row.get("unit_price", "")),
    "impossible date": lambda row: row.get("ordered_at") == "31/02/2025",
    "no order": lambda row: row["order_id"] == "",
    "worded quantity": lambda row: row.get("quantity") == "x",
    "short line": lambda row: len(row) < len(TRANSACTIONS_HEADER),
    "lower currency": lambda row: row.get("currency") == "gbp",
    "future date": lambda row: row.get("ordered_at", "").startswith("2099-"),
}


class Sample:
    """A written sample, read back with the standard library alone."""

    def __init__(self, home: Path, **arguments: int) -> None:
        self.settings = Settings(home=home)
        self.report = write_sample(self.settings, **arguments)
        self.customers = self._read("customers")
        self.products = self._read("products")
        self.transactions = self._read("transactions")

    def _read(self, feed: str) -> dict[str, list[dict[str, str]]]:
        files = {}
        for file in sorted((self.settings.landing / "standard" / feed).iterdir()):
            header, *lines = csv.reader(file.read_text(encoding="utf-8").splitlines())
            files[file.name] = [dict(zip(header, line, strict=False)) for line in lines]
        return files

    @property
    def lines(self) -> list[dict[str, str]]:
        return [row for rows in self.transactions.values() for row in rows]

    def dirt(self) -> dict[str, int]:
        return {kind: sum(bool(is_so(row)) for row in self.lines) for kind, is_so in DIRT.items()}

    def clean(self) -> list[dict[str, str]]:
        """Sound lines at their first delivery, without those that come back or are withdrawn."""
        first = {}
        for row in self.lines:
            if not any(is_so(row) for is_so in DIRT.values()):
                first.setdefault((row["order_id"], row["line_number"]), row)
        return list(first.values())


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(tmp_path_factory.mktemp("home"))


def contents(report: SampleReport) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in report.files}


def test_the_same_seed_writes_the_same_bytes_with_any_number_of_threads(tmp_path):
    one = write_sample(Settings(home=tmp_path / "one", threads=1), seed=7)
    other = write_sample(Settings(home=tmp_path / "other", threads=4), seed=7)
    assert contents(one) == contents(other)


def test_another_seed_writes_other_customers_and_lines_under_the_same_names(tmp_path):
    one = contents(write_sample(Settings(home=tmp_path / "one"), seed=7))
    other = contents(write_sample(Settings(home=tmp_path / "other"), seed=8))
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one)


def test_the_default_sample_has_the_size_that_it_says(sample):
    sales = {row["order_id"] for row in sample.clean() if not row["original_order_id"]}
    assert 5_950 <= len(sales) <= 6_000
    assert max(sales) == "0006000"
    assert 14_000 <= len(sample.lines) <= 18_000
    assert len(sample.transactions) == 5


def test_the_report_counts_every_data_line_of_every_file(sample):
    files = [sample.customers, sample.products, sample.transactions]
    assert sample.report.lines == sum(len(rows) for feed in files for rows in feed.values())
    landed = sorted(file for file in sample.settings.landing.rglob("*") if file.is_file())
    assert sorted(sample.report.files) == landed


def test_headers_are_those_of_the_contract(sample):
    feeds = load_feeds()
    for feed in ("customers", "products", "transactions"):
        known = [column.name for column in feeds[feed].columns]
        for file in sample.settings.landing.joinpath("standard", feed).iterdir():
            header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
            assert header == [name for name in known if name in header]
    for name in sample.transactions:
        file = sample.settings.landing / "standard/transactions" / name
        assert file.read_text(encoding="utf-8").splitlines()[0] == ",".join(TRANSACTIONS_HEADER)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 8, 13, 2**63 - 1])
def test_each_kind_of_dirt_is_there_whatever_the_seed_even_in_the_smallest_sample(tmp_path, seed):
    smallest = Sample(tmp_path, customers=50, orders=100, seed=seed)
    assert smallest.dirt() == dict.fromkeys(DIRT, 1)
    assert sum(row.get("is_deleted") == "true" for row in smallest.lines) >= 1
    assert sum(row.get("original_order_id", "") != "" for row in smallest.lines) >= 1


def test_dirt_is_few_and_exactly_one_date_is_in_the_future(sample):
    dirt = sample.dirt()
    assert dirt["future date"] == 1
    assert len({count for kind, count in dirt.items() if kind != "future date"}) == 1
    assert 0.002 <= sum(dirt.values()) / len(sample.lines) <= 0.005


def test_every_other_value_would_cast(sample):
    for row in sample.clean():
        moment = dt.datetime.fromisoformat(row["ordered_at"])
        assert dt.date(2024, 1, 1) <= moment.date() <= dt.date(2026, 6, 30)
        assert dt.datetime.fromisoformat(row["updated_at"]) > moment
        assert re.fullmatch(r"-?\d+", row["quantity"])
        assert re.fullmatch(r"\d+\.\d\d", row["unit_price"])
        assert re.fullmatch(r"-?\d+\.\d\d", row["discount_amount"])
        assert row["currency"] == "GBP"
        assert row["channel"] in ("online", "store")
        assert bool(row["store_id"]) == (row["channel"] == "store")


def test_ids_have_leading_zeros(sample):
    ids = {row["customer_id"] for rows in sample.customers.values() for row in rows}
    ids |= {row["product_id"] for rows in sample.products.values() for row in rows}
    assert {len(value) for value in ids} == {5, 6}
    assert all(value.startswith("00") and value.isdigit() for value in ids)


def test_some_buyers_are_in_no_customer_file_and_some_sales_have_no_buyer(sample):
    listed = {row["customer_id"] for rows in sample.customers.values() for row in rows}
    buyers = Counter(row["customer_id"] for row in sample.clean())
    assert 0.01 <= buyers[""] / buyers.total() <= 0.06
    assert {f"{1000 + number:06d}" for number in range(50, 501, 50)} == set(buyers) - listed - {""}
    assert len(listed - set(buyers)) >= 1


def test_orders_are_delivered_again_unchanged_changed_and_one_of_them_withdrawn(sample):
    seen = defaultdict(list)
    for row in sample.lines:
        if row["order_id"] and len(row) == len(TRANSACTIONS_HEADER):
            seen[row["order_id"], row["line_number"]].append(row)
    twice = [rows for rows in seen.values() if len(rows) > 1]
    assert {len(rows) for rows in twice} == {2}
    unchanged = [rows for rows in twice if rows[0] == rows[1]]
    changed = [(a, b) for a, b in twice if b["quantity"] != a["quantity"]]
    withdrawn = [(a, b) for a, b in twice if b["is_deleted"] == "true"]
    assert len(unchanged) >= 50
    assert len(changed) >= 20
    assert {a["is_deleted"] for a, _ in withdrawn} == {""}
    assert len({a["order_id"] for a, _ in withdrawn}) == 1
    assert all(b["updated_at"] > a["updated_at"] for a, b in changed + withdrawn)


def test_customers_are_delivered_twice_with_changes_and_some_rows_are_identical(sample):
    first, second = sample.customers.values()
    before = {row["customer_id"]: row for row in first}
    after = {row["customer_id"]: row for row in second}
    changed = [key for key in before if before[key] != after[key]]
    assert before.keys() < after.keys()
    assert 5 <= len(changed) < len(before) / 10
    assert all(after[key]["updated_at"] > before[key]["updated_at"] for key in changed)
    doubled = [
        key for key, count in Counter(row["customer_id"] for row in second).items() if count > 1
    ]
    assert len(doubled) >= 1
    assert len(second) == len({tuple(row.values()) for row in second}) + len(doubled)


def test_customers_are_persons_and_organisations_with_western_and_chinese_names(sample):
    rows = sample.customers["sample_customers_2.csv"]
    kinds = Counter(
        (row["customer_type"], bool(re.search("[\u4e00-\u9fff]", row["full_name"]))) for row in rows
    )
    assert kinds.keys() == {(k, c) for k in ("person", "organisation") for c in (True, False)}
    assert min(kinds.values()) >= 15


def test_nobody_can_be_reached_by_what_the_sample_says_of_them(sample):
    for rows in sample.customers.values():
        assert all(re.search(r"@example\.(com|org|net)$", row["email"].lower()) for row in rows)
        reserved = re.compile(r"(07700 900|020 7946 0|011[346] 496 0|\+86 100 )[\d ]+")
        assert all(reserved.fullmatch(row["phone"]) for row in rows if row["phone"])


def test_some_people_register_twice_with_one_address_and_telephone(sample):
    people = defaultdict(set)
    for row in sample.customers["sample_customers_2.csv"]:
        people[row["email"].lower(), row["full_name"], row["phone"]].add(row["customer_id"])
    assert sum(len(ids) == 2 for ids in people.values()) >= 5


def test_products_have_categories_and_costs_that_change_and_some_are_unknown(sample):
    first, second = sample.products.values()
    assert len({row["category"] for row in first}) == 8
    assert all(
        float(row["unit_cost"]) < float(row["list_price"]) for row in first if row["unit_cost"]
    )
    assert sum(row["unit_cost"] == "" for row in first) == 2
    dearer = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    assert len(dearer) == 12
    assert all(float(b["unit_cost"]) > float(a["unit_cost"]) for a, b in dearer)


def test_returns_are_negative_lines_of_an_earlier_order(sample):
    lines = sample.clean()
    sold = {(row["order_id"], row["line_number"]): row for row in lines}
    returns = [row for row in lines if row["original_order_id"]]
    assert len(returns) >= 300
    for row in returns:
        assert int(row["quantity"]) < 0
        assert float(row["discount_amount"]) <= 0
        assert float(row["unit_price"]) > 0
        original = sold.get((row["original_order_id"], row["line_number"]))
        if original is not None:  # else its line was soiled
            assert int(original["quantity"]) == -int(row["quantity"])
            assert original["ordered_at"] < row["ordered_at"]
    assert all(int(row["quantity"]) > 0 for row in lines if not row["original_order_id"])


def test_a_round_total_is_delivered_where_the_price_of_one_has_no_two_decimals(sample):
    totals = [row for row in sample.clean() if row["line_amount"]]
    assert len(totals) >= 100
    off = [
        row
        for row in totals
        if round(float(row["unit_price"]) * int(row["quantity"]) - float(row["line_amount"]), 2)
    ]
    assert 0 < len(off) < len(totals)


def test_customers_differ_in_cadence(sample):
    days = defaultdict(set)
    discounted = defaultdict(list)
    for row in sample.clean():
        if row["customer_id"] and not row["original_order_id"]:
            days[row["customer_id"]].add(dt.date.fromisoformat(row["ordered_at"][:10]))
            discounted[row["customer_id"]].append(float(row["discount_amount"]) > 0)
    regular = slipping = one_time = hunters = 0
    for customer, occasions in days.items():
        ordered = sorted(occasions)
        gaps = [(b - a).days for a, b in itertools.pairwise(ordered)]
        one_time += len(ordered) == 1
        if len(gaps) < 4:
            continue
        mean, half = statistics.mean(gaps), len(gaps) // 2
        silent = (dt.date(2026, 6, 30) - ordered[-1]).days
        hunters += sum(discounted[customer]) > 0.8 * len(discounted[customer])
        regular += statistics.stdev(gaps) < 0.4 * mean and silent < 2 * mean
        slipping += statistics.mean(gaps[half:]) > 1.3 * statistics.mean(gaps[:half]) and (
            silent > 2 * mean
        )
    assert 100 <= one_time <= 170
    assert regular >= 100
    assert slipping >= 40
    assert hunters >= 40


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_the_weeks_before_christmas_are_the_season_of_every_year(sample, year):
    orders = {row["order_id"]: row["ordered_at"] for row in sample.clean()}
    months = Counter(moment[5:7] for moment in orders.values() if moment.startswith(year))
    season = (months["11"] + months["12"]) / 2
    assert season > 1.5 * statistics.mean(months[f"{month:02d}"] for month in range(2, 11))


def test_one_time_buyers_come_for_the_season_without_waiting_for_an_offer(sample):
    orders = defaultdict(dict)
    for row in sample.clean():
        orders[row["customer_id"]][row["order_id"]] = row
    once = [row for bought in orders.values() if len(bought) == 1 for row in bought.values()]
    for year in ("2024", "2025"):
        own = [row["ordered_at"][5:7] for row in once if row["ordered_at"].startswith(year)]
        assert sum(month in ("11", "12") for month in own) > 1.5 * len(own) * 2 / 12


def test_customers_and_orders_scale_the_sample(tmp_path):
    large = Sample(tmp_path, customers=2_000, orders=20_000)
    assert (
        max(row["order_id"] for row in large.clean() if not row["original_order_id"]) == "0020000"
    )
    assert 45_000 <= len(large.lines) <= 60_000
    assert len({row["customer_id"] for row in large.customers["sample_customers_2.csv"]}) == 1_960
    assert 0.002 <= sum(large.dirt().values()) / len(large.lines) <= 0.005


def test_writing_the_sample_again_replaces_it(tmp_path):
    settings = Settings(home=tmp_path)
    first = contents(write_sample(settings, customers=60, orders=200))
    again = write_sample(settings, customers=60, orders=200)
    assert contents(again) == first
    assert len(list(settings.landing.rglob("*.csv"))) == len(again.files)


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
        ({"dataset": "standart"}, "Known samples: synthetic, online-retail-ii"),
        ({"dataset": "synthetic", "source": Path()}, "Leave out --from"),
        ({"customers": 49, "orders": 500}, "at least 50 customers"),
        ({"customers": 500, "orders": 999}, "two orders for each"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**63}, "out of range"),
        ({"dataset": "online-retail-ii"}, "--from"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_fix(tmp_path, arguments, says):
    with pytest.raises(SampleError, match=re.escape(says)):
        write_sample(Settings(home=tmp_path), **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def extracts(tmp_path) -> Path:
    folder = tmp_path / "down loads"
    folder.mkdir()
    for rows, name in enumerate(ONLINE_RETAIL_FILES, start=2):
        duckdb.sql(f"select 'C' || i as Invoice from range({rows}) as t (i)").write_parquet(
            str(folder / name)
        )
    return folder


def test_online_retail_extracts_are_copied_byte_for_byte(tmp_path, extracts):
    settings = Settings(home=tmp_path / "home")
    said = []
    report = write_sample(settings, "online-retail-ii", extracts, progress=said.append)
    folder = settings.landing / "online_retail" / "transactions"
    assert report == SampleReport(tuple(folder / name for name in ONLINE_RETAIL_FILES), lines=5)
    assert contents(report) == {file.name: file.read_bytes() for file in extracts.iterdir()}
    assert len(list(folder.iterdir())) == len(said) == 2


def test_a_missing_extract_is_named_with_where_the_data_are_from(tmp_path, extracts):
    (extracts / ONLINE_RETAIL_FILES[1]).unlink()
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(SampleError) as caught:
        write_sample(settings, "online-retail-ii", extracts)
    assert f"does not hold {ONLINE_RETAIL_FILES[1]}." in caught.value.cause
    for part in ("502", "CC BY 4.0", "doi 10.24432/C5CG6D"):
        assert part in caught.value.cause
    assert not settings.home.exists()


def test_a_truncated_extract_is_refused_before_anything_is_copied(tmp_path, extracts):
    broken = extracts / ONLINE_RETAIL_FILES[1]
    broken.write_bytes(broken.read_bytes()[:-20])
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(SampleError, match="is not a whole Parquet file"):
        write_sample(settings, "online-retail-ii", extracts)
    assert not settings.home.exists()
