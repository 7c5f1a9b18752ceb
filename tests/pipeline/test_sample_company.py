"""The built-in sample through the real pipeline, against its files read again by hand.

Also what a second delivery, a later correction, an earlier day and an earlier knowledge change, and
what they leave as it was.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command import copied, done, marts, private, rows, version
from company_by_hand import UNATTRIBUTED, Company, Faulty, delivered, key_of

AS_OF = dt.date(2025, 3, 31)
LATE_FILE = "late_transactions.csv"
REDELIVERED = "sample_transactions_2025_h1.csv"
DELIVERIES = 42
MENDED = {"currency": "GBP", "quantity": "2", "unit_price": "1250.00"}
LATE_ON = dt.date(2025, 2, 10)
NEW_CUSTOMER = "0000007"


@dataclass(frozen=True)
class Later:
    """A copy of the sample that was built again, and again after a late file."""

    home: Path
    said_without_change: str
    version_without_change: str


@pytest.fixture(scope="module")
def company(sample_home: Path) -> Company:
    return Company(sample_home / "landing")


@pytest.fixture(scope="module")
def later(sample_home: Path, company: Company, tmp_path_factory: pytest.TempPathFactory) -> Later:
    home = copied(sample_home, tmp_path_factory.mktemp("later") / "home")
    said = done(home, "build")
    unchanged = version(home)
    _deliver_late_file(home, company)
    done(home, "build")
    return Later(home, said, unchanged)


@pytest.fixture(scope="module")
def later_company(later: Later) -> Company:
    return Company(later.home / "landing", later=(LATE_FILE,))


@pytest.fixture(scope="module")
def home_as_of(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = copied(sample_home, tmp_path_factory.mktemp("as_of") / "home")
    done(home, "build", "--as-of", AS_OF.isoformat())
    return home


def _transactions(home: Path) -> Path:
    return home / "landing" / "standard" / "transactions"


def _fields(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def _write(file: Path, lines: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(lines)


def _deliver_late_file(home: Path, company: Company) -> None:
    """Lines that came before, two that were held back, mended, and two orders nobody knew."""
    source = _fields(_transactions(home) / REDELIVERED)
    header = source[0]
    wrong = {faulty.line_number for faulty in company.faulty if faulty.file == REDELIVERED}
    sound = [line for number, line in enumerate(source, 1) if number not in wrong][1:]
    mended = []
    for faulty in _mendable(company):
        mended.append(list(source[faulty.line_number - 1]))
        mended[-1][header.index(str(faulty.column))] = MENDED[str(faulty.column)]
    new = []
    for order, customer in (
        ("L000001", sound[0][header.index("customer_id")]),
        ("L000002", NEW_CUSTOMER),
    ):
        row = dict(zip(header, sound[0], strict=True))
        row |= {"order_id": order, "line_number": "1", "customer_id": customer}
        row |= {"ordered_at": f"{LATE_ON} 12:00:00", "updated_at": f"{LATE_ON} 12:00:00"}
        row |= {"quantity": "1", "unit_price": "7.25", "line_amount": "", "discount_amount": "0.25"}
        row |= {"original_order_id": "", "line_kind": "", "is_deleted": ""}
        new.append(list(row.values()))
    _write(_transactions(home) / LATE_FILE, [header, *sound[:200], *mended, *new])


def _mendable(company: Company) -> list[Faulty]:
    found = [f for f in company.faulty if f.file == REDELIVERED and f.column in MENDED]
    assert len({faulty.column for faulty in found}) >= 2
    return found


def _tables(home: Path, *schemas: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every published table of the schemas with all its rows in one order."""
    with duckdb.connect(marts(home), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where list_contains(?, schema_name) order by 1",
            [list(schemas)],
        ).fetchall()
        return {
            name: connection.execute(f"select * from {name} order by all").fetchall()
            for (name,) in names
        }


def _differing(one: Path, other: Path) -> list[str]:
    """The tables of customers and sales in which two warehouses differ."""
    first, second = _tables(one, "core", "rfm"), _tables(other, "core", "rfm")
    assert first.keys() == second.keys()
    assert len(first) > 10
    return [name for name in first if first[name] != second[name]]


def _customer_keys(home: Path) -> dict[str, int]:
    """The customer of every source id; which ids are one customer is tested in `tests/identity`."""
    keys = dict(
        rows(marts(home), "select customer_id, customer_key from core.dim_customer_records")
    )
    assert {key_of(customer) for customer in keys} >= set(keys.values())
    return {"": UNATTRIBUTED, **keys}


def _expected_lines(company: Company, home: Path) -> list[tuple[Any, ...]]:
    keys = _customer_keys(home)
    return sorted(
        (
            line.order_id,
            line.line_number,
            keys[line.customer_id],
            key_of(line.product_id),
            line.ordered_at,
            line.quantity,
            line.net,
            line.original_order_id,
            "source" if line.original_order_id else None,
        )
        for line in company.lines
    )


_LINES = """
    select
        order_id, line_number, customer_key, product_key, ordered_at, quantity, net_amount,
        case when link_method = 'source' then original_order_id end,
        case when link_method = 'source' then link_method end
    from core.fct_order_lines
    order by order_id, line_number
"""


def test_every_file_is_accounted_for_line_by_line(sample_home, company):
    found = rows(
        marts(sample_home),
        "select feed, file, delivered, accepted, quarantined, superseded, unparseable "
        "from quality.loads",
    )
    assert len(found) == DELIVERIES == len(company.counts)
    for feed, file, count, *parts in found:
        counted = company.counts[feed, file]
        assert count == counted.delivered == sum(parts), file
        assert parts == [
            counted.accepted, counted.quarantined, counted.superseded, counted.unparseable,
        ], file  # fmt: skip


def test_every_planted_fault_is_held_back_with_its_reason_and_line(sample_home, company):
    assert len(company.faulty) > 40
    assert len({faulty.reasons for faulty in company.faulty}) == 21
    expected = sorted(
        (faulty.feed, faulty.file, faulty.line_number, faulty.reasons, faulty.column)
        for faulty in company.faulty
    )
    assert expected == rows(
        marts(sample_home),
        "select feed, file, line_number, reasons, column_name from quality.quarantined_rows "
        "order by all",
    )


def test_every_dirty_row_has_the_verdict_that_the_truth_foretold(sample_home):
    truth = f"from '{sample_home}/truth/dirt.parquet'"
    foretold = f"select feed, file, line_number, reasons {truth} where reasons is not null"
    assert rows(
        marts(sample_home),
        "select feed, file, line_number, reasons from quality.quarantined_rows order by all",
    ) == sorted(duckdb.sql(foretold).fetchall())
    others = duckdb.sql(
        f"select file, line_number, verdict {truth} where reasons is null order by all"
    ).fetchall()
    assert len(others) == 9
    found = rows(
        private(sample_home),
        """
        select d.file, j.source_line_number, j.verdict
        from feeds.transactions_judged as j
        inner join raw.deliveries as d using (load_id)
        """,
    )
    assert set(others) <= set(found)


def test_held_back_rows_are_kept_as_delivered_in_the_private_schema_only(sample_home, company):
    kept = rows(
        private(sample_home),
        """
        select d.path, v.line_number, v.as_delivered
        from private.quarantined_rows_verbatim as v
        inner join raw.deliveries as d using (load_id)
        """,
    )
    assert len(kept) == len(company.faulty)
    for path, number, as_delivered in kept:
        lines = dict(delivered(sample_home / "landing" / path).lines)
        for field in lines[number]:
            assert field.strip() in as_delivered


def test_the_order_lines_are_the_newest_sound_version_of_each(sample_home, company):
    assert _expected_lines(company, sample_home) == rows(marts(sample_home), _LINES)


def test_the_money_of_every_order_is_that_of_its_surviving_lines(sample_home, company):
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for line in company.lines:
        expected[line.order_id] += line.net
    assert len(expected) > 5_500
    found = rows(marts(sample_home), "select order_id, net_amount from core.fct_orders")
    assert dict(found) == expected
    assert len(found) == len(expected)


def test_the_money_of_every_file_is_accepted_held_back_or_superseded(sample_home):
    found = rows(
        marts(sample_home),
        """
        select
            l.feed, a.currency, count(*), count_if(
                delivered_amount <> accepted_amount + quarantined_amount + superseded_amount
            )
        from quality.load_amounts as a
        inner join quality.loads as l using (load_id)
        group by all
        """,
    )
    assert not any(wrong for *_, wrong in found)
    files = {(feed, currency): count for feed, currency, count, _ in found}
    assert files["transactions", "GBP"] == 7
    assert files["transactions", "EUR"] == files["transactions", "CNY"] == 5


def test_a_withdrawn_order_is_gone_and_its_lines_are_counted_as_superseded(sample_home, company):
    withdrawn = {
        row[0]
        for file in _transactions(sample_home).iterdir()
        for row in _fields(file)
        if row[-1] == "true"
    }
    assert len(withdrawn) == 4
    assert not withdrawn & {line.order_id for line in company.lines}
    stand = rows(marts(sample_home), "select order_id from core.fct_orders")
    assert not withdrawn & {order_id for (order_id,) in stand}
    orders = ", ".join(f"'{order_id}'" for order_id in withdrawn)
    verdicts = (
        f"select distinct verdict from feeds.transactions_judged where order_id in ({orders})"
    )
    assert rows(private(sample_home), verdicts) == [("superseded",)]


def test_customers_keep_their_zeros_and_those_without_a_record_are_inferred(sample_home, company):
    keys = _customer_keys(sample_home)
    assert set(keys) - {""} == company.named
    bought: dict[int, list[dt.date]] = defaultdict(list)
    for line in company.lines:
        if line.quantity > 0 and line.is_merchandise:
            bought[keys[line.customer_id]].append(line.ordered_at.date())
    expected = []
    for key, records in _records_of_customers(company, keys).items():
        days = bought.get(key, [])
        expected.append(
            (
                key,
                min(days, default=None),
                max(days, default=None),
                next((r["customer_type"] for r in records), "unknown"),
                next((r["country"] for r in records if r.get("address_line")), None),
                not records,
            )
        )
    assert sum(is_inferred for *_, is_inferred in expected) >= 5
    assert {customer[:2] for customer in company.named} == {"00", "H0"}
    assert sorted(expected) == rows(
        marts(sample_home),
        f"""
        select
            customer_key, first_order_on, last_order_on, customer_type, country, is_inferred
        from core.dim_customers
        where customer_key <> {UNATTRIBUTED}
        order by customer_key
        """,
    )


def _records_of_customers(
    company: Company, keys: dict[str, int]
) -> dict[int, list[dict[str, str]]]:
    """Per customer the records that stand, the one that changed last first."""
    found: dict[int, list[dict[str, str]]] = {keys[name]: [] for name in company.named}
    for customer, record in company.records["customers"].items():
        found[keys[customer]].append(record)
    for records in found.values():
        records.sort(key=lambda record: record.get("updated_at", ""), reverse=True)
    return found


def test_identifiers_are_those_of_the_newest_customer_records(sample_home, company):
    keys = _customer_keys(sample_home)
    newest = _records_of_customers(company, keys)
    expected = sorted(
        (
            key,
            *(next((r[name] for r in records if r.get(name)), None) for name in ("email", "phone")),
        )
        for key, records in newest.items()
        if records
    )
    assert len(expected) < len(company.records["customers"])
    assert expected == rows(
        private(sample_home),
        "select customer_key, email, phone from private.customer_identifiers order by 1",
    )


def test_products_have_the_costs_of_the_newest_record(sample_home, company):
    expected = sorted(
        (product, Decimal(record["unit_cost"]) if record["unit_cost"] else None)
        for product, record in company.records["products"].items()
    )
    assert expected == rows(
        marts(sample_home),
        "select product_id, unit_cost from core.dim_products where system = 'standard' order by 1",
    )


def test_a_build_without_changes_publishes_nothing_and_says_so(later, sample_home):
    assert "nothing changed" in later.said_without_change
    assert "0 in 0 new files" in later.said_without_change
    assert later.version_without_change == version(sample_home)
    assert version(later.home) != version(sample_home)


def test_a_mended_line_comes_in_and_the_first_stays_in_the_record_of_faults(
    later, company, later_company
):
    assert later_company.faulty == company.faulty
    assert rows(marts(later.home), "select count(*) from quality.quarantined_rows") == [
        (len(company.faulty),)
    ]
    source = _fields(_transactions(later.home) / REDELIVERED)
    for faulty in _mendable(company):
        order_id, line_number = source[faulty.line_number - 1][:2]
        key = f"where order_id = '{order_id}' and line_number = {line_number}"
        assert rows(marts(later.home), f"select currency from core.fct_order_lines {key}") == [
            ("GBP",)
        ]


def test_a_late_file_adds_its_own_lines_and_changes_no_other(later, later_company, sample_home):
    after = rows(marts(later.home), _LINES)
    assert _expected_lines(later_company, later.home) == after
    new = Counter(after) - Counter(rows(marts(sample_home), _LINES))
    gone = Counter(rows(marts(sample_home), _LINES)) - Counter(after)
    assert sum(new.values()) == 2 + len(_mendable(later_company))
    assert not gone
    counts = later_company.counts
    found = rows(
        marts(later.home),
        "select file, accepted, quarantined, superseded from quality.loads "
        "where feed = 'transactions'",
    )
    assert len(found) == 8
    for file, *parts in found:
        count = counts["transactions", file]
        assert parts == [count.accepted, count.quarantined, count.superseded], file


def test_a_late_order_restates_the_months_from_its_own_on_and_none_before(later, sample_home):
    before = _tables(sample_home, "rfm")["rfm.rfm_customer_months"]
    after = _tables(later.home, "rfm")["rfm.rfm_customer_months"]
    month_end = 2
    new = f"select * from rfm.rfm_customer_months where customer_key = {key_of(NEW_CUSTOMER)}"
    months = sorted(row[month_end] for row in rows(marts(later.home), new))
    assert months[0] == dt.date(2025, 2, 28)
    assert months[-1] == dt.date(2026, 1, 31)
    assert len(months) == 12
    source = _fields(_transactions(sample_home) / REDELIVERED)
    first_change = min(row[3][:10] for row in source[1:])
    changed = {row[month_end] for row in set(before) ^ set(after)}
    assert changed
    assert min(changed) >= dt.date.fromisoformat(first_change)
    assert [row for row in before if row[month_end] < min(changed)] == [
        row for row in after if row[month_end] < min(changed)
    ]


def test_what_was_known_before_the_late_file_can_be_built_again(later, sample_home, tmp_path):
    home = copied(later.home, tmp_path / "home")
    assert _differing(home, sample_home)
    done(home, "build", "--known-at", str(DELIVERIES))
    assert _differing(home, sample_home) == ["core.clock"]
    assert rows(marts(home), "select as_of_date, known_at from core.clock") == [
        (dt.date(2026, 6, 30), DELIVERIES)
    ]
    assert rows(marts(home), "select max(load_id) from quality.loads") == [(DELIVERIES,)]


def test_an_earlier_day_knows_no_later_event(home_as_of, sample_home, tmp_path):
    assert _differing(home_as_of, sample_home)
    home = tmp_path / "home"
    shorter = _transactions(home)
    shorter.mkdir(parents=True)
    for folder in _transactions(sample_home).parent.iterdir():
        if folder.name != "transactions":
            copied(folder, shorter.with_name(folder.name))
    for file in sorted(_transactions(sample_home).iterdir()):
        header, *lines = _fields(file)
        at = header.index("ordered_at")
        early = [line for line in lines if "2024" <= line[at][:10] <= AS_OF.isoformat()]
        assert len(early) < len(lines) or file.name < REDELIVERED
        if early:
            _write(shorter / file.name, [header, *early])
    done(home, "build", "--as-of", AS_OF.isoformat())
    assert _differing(home_as_of, home) == []


def test_an_earlier_day_is_in_no_date_of_its_marts_exceeded(home_as_of):
    days = rows(
        marts(home_as_of),
        """
        select schema_name || '.' || table_name, column_name
        from duckdb_columns()
        where schema_name in ('core', 'lifecycle', 'rfm')
            and data_type in ('DATE', 'TIMESTAMP')
            and column_name not in ('registered_on', 'last_verified_on')  -- the newest record's
            and column_name not in ('starts_on', 'ends_on', 'due_on', 'next_expected_on')  -- plans
            and table_name <> 'dim_dates'
        """,
    )
    assert len(days) > 8
    for table, column in days:
        assert rows(
            marts(home_as_of),
            f"select count(*) from {table} where cast({column} as date) > date '{AS_OF}'",
        ) == [(0,)], (table, column)
