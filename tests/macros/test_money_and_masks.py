from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from rendering import Macros

macros = Macros("engine/engine.sql", "money.sql", "feeds/typed_rows.sql")
LINE = (
    "select cast({quantity} as decimal(18, 4)) as quantity, "
    "cast({unit_price} as decimal(18, 6)) as unit_price, "
    "cast({line_amount} as decimal(18, 4)) as line_amount, "
    "cast({discount_amount} as decimal(18, 4)) as discount_amount"
)


def of_line(expression: str, **delivered: str) -> Any:
    columns = ("quantity", "unit_price", "line_amount", "discount_amount")
    line = LINE.format(**dict.fromkeys(columns, "null") | delivered)
    return duckdb.execute(f"select {expression} from ({line}) as l").fetchone()[0]


@pytest.mark.parametrize(
    ("delivered", "amount"),
    [
        ({"quantity": "3", "unit_price": "1.10"}, "3.3000"),
        ({"quantity": "-3", "unit_price": "1.10"}, "-3.3000"),
        ({"quantity": "3", "unit_price": "1.10", "discount_amount": "0.30"}, "3.0000"),
        ({"unit_price": "1.10"}, "1.1000"),
        ({"line_amount": "10.00"}, "10.0000"),
        ({"quantity": "3", "unit_price": "3.33", "line_amount": "10.00"}, "10.0000"),
        ({"line_amount": "-10.00", "discount_amount": "-1"}, "-9.0000"),
        ({"quantity": "0.5", "unit_price": "0.000100"}, "0.0001"),
    ],
)
def test_a_net_amount_is_the_total_else_units_times_price_less_the_discount(
    delivered: dict[str, str], amount: str
) -> None:
    assert of_line(macros.net_amount("l"), **delivered) == Decimal(amount)


def test_without_a_price_there_is_no_amount() -> None:
    assert of_line(macros.net_amount("l"), quantity="3", discount_amount="1") is None


@pytest.mark.parametrize(
    ("delivered", "units"),
    [({"quantity": "2.5"}, "2.5"), ({"line_amount": "-9"}, "-1"), ({"line_amount": "9"}, "1")],
)
def test_units_not_delivered_are_one_with_the_sign_of_the_amount(
    delivered: dict[str, str], units: str
) -> None:
    assert of_line(macros.units("l"), **delivered) == Decimal(units)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("ann.lee@example.com", "xxx.xxx@xxxxxxx.xxx"),
        ("+44 20 7946 0000", "+99 99 9999 9999"),
        ("(5.00)", "(9.99)"),
        ("€3", "x9"),
        ("王小明", "xxx"),
        ("Zoë\tO'Brien", "xxxxx'xxxxx"),
        ("5" * 50, "9" * 40),
    ],
)
def test_a_mask_shows_the_shape_and_not_a_letter_or_digit(text: str, mask: str) -> None:
    (found,) = duckdb.execute(f"select {macros.masked('$1')}", [text]).fetchone()
    assert found == mask
