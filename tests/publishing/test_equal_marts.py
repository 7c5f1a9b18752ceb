"""What the laws' tests call equal marts is equal, and each way of being unequal is told."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from equal_marts import DESCRIBES_DELIVERIES, assert_equal, differences

MARTS = (
    "create schema core; create schema quality;"
    "create table core.orders as select * from (values"
    " (1, 10.00::decimal(18,4), 0.1::double, 'a'), (2, 20.00, 'nan', null), (2, 20.00, 'nan', null)"
    ") as t(id, amount, share, word);"
    "create table quality.loads as select 1 as load_id, timestamp '2026-01-01' as delivered_at;"
)


def file(folder: Path, name: str, change: str = "") -> Path:
    """A file of marts, then changed."""
    path = folder / f"{name}.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(MARTS + change)
    return path


@pytest.mark.parametrize(
    "change",
    [
        "create or replace table core.orders as from core.orders order by id desc",
        "update core.orders set share = 0.1 + 2e-11 where id = 1",
        "create or replace table core.orders as select word, share, amount, id from core.orders",
    ],
)
def test_the_order_of_rows_and_columns_and_the_last_digits_of_doubles_are_no_difference(
    tmp_path, change
):
    assert differences(file(tmp_path, "one"), file(tmp_path, "two", change)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update core.orders set amount = 10.0001 where id = 1", "core.orders has 1 rows only in"),
        ("update core.orders set share = 0.100000001 where id = 1", "core.orders has 1 rows"),
        ("update core.orders set share = null where id = 2", "core.orders has 2 rows"),
        ("update core.orders set word = '' where id = 2", "core.orders has 2 rows"),
        ("insert into core.orders from core.orders where id = 1", "core.orders has 1 rows"),
        ("drop table core.orders", "core.orders is only in"),
        ("create table core.more as select 1 as id", "core.more is only in"),
        ("alter table core.orders alter id type bigint", "core.orders has other columns"),
        ("alter table core.orders rename id to order_id", "core.orders has other columns"),
        ("update quality.loads set load_id = 2", "quality.loads has 1 rows"),
    ],
)
def test_any_other_difference_is_told(tmp_path, change, told):
    files = file(tmp_path, "one"), file(tmp_path, "two", change)
    for left, right in (files, files[::-1]):
        assert any(text.startswith(told) for text in differences(left, right))
        with pytest.raises(AssertionError, match=told):
            assert_equal(left, right)


@pytest.mark.parametrize(
    "but", [DESCRIBES_DELIVERIES, {"quality.loads"}, {"quality.loads.delivered_at"}]
)
def test_what_is_exempt_is_a_schema_a_table_or_a_column_and_nothing_beside_it(tmp_path, but):
    one = file(tmp_path, "one")
    moved = "update quality.loads set delivered_at = timestamp '2027-01-01';"
    later = file(tmp_path, "later", moved)
    other = file(tmp_path, "other", f"{moved} update core.orders set amount = 0 where id = 1")
    assert differences(one, later) != []
    assert differences(one, later, but) == []
    assert differences(one, other, but) != []
