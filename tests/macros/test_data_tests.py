"""The data tests themselves: each finds what it is there for, and nothing where all is well.

Each runs as dbt compiled it, on tables made by hand.
"""

from __future__ import annotations

import pytest
from harness import Project, Warehouse

Tables = dict[str, str]


def failures(project: Project, test: str, model: str, tables: Tables) -> int:
    (name,) = (name for name in project.tests_of(model) if name.startswith(test))
    return Warehouse(project, tables).failures(name)


def rows(columns: str, *values: str) -> str:
    return f"select * from (values {', '.join(values)}) as t({columns})"


LINES = "system, order_id, line_number, currency, net_amount"
ORDERS = "system, order_id, lines, net_amount"
LOADS = "delivered, accepted, quarantined, superseded, unparseable"
RIGHT_LINES = rows(
    LINES, "('a', '1', 1, 'GBP', 2.50)", "('a', '1', 2, 'GBP', 1.25)", "('b', '1', 1, 'GBP', 7.00)"
)
TWO_CURRENCIES = rows(LINES, "('a', '1', 1, 'GBP', 2.50)", "('a', '1', 2, 'EUR', 1.25)")
CASES: list[tuple[str, str, Tables, int]] = [
    ("unique_grain", "fct_order_lines", {"fct_order_lines": RIGHT_LINES}, 0),
    (
        "unique_grain",
        "fct_order_lines",
        {"fct_order_lines": rows(LINES, *["('a', '1', 1, 'GBP', 2.50)"] * 2)},
        1,
    ),
    (
        "unique_grain",
        "fct_order_lines",
        {"fct_order_lines": rows(LINES, "('a', '1', null::int, 'GBP', 2.50)")},
        1,
    ),
    (
        "filled",
        "line_kinds",
        {"line_kinds": rows("line_kind, is_merchandise", "('merchandise', true)")},
        0,
    ),
    (
        "filled",
        "line_kinds",
        {"line_kinds": rows("line_kind, is_merchandise", "('merchandise', null::boolean)")},
        1,
    ),
    ("parts_make_the_whole", "loads", {"loads": rows(LOADS, "(10, 6, 2, 1, 1)")}, 0),
    ("parts_make_the_whole", "loads", {"loads": rows(LOADS, "(10, 6, 2, 1, 0)")}, 1),
    ("parts_make_the_whole", "loads", {"loads": rows(LOADS, "(10, 10, 0, 0, null::int)")}, 1),
    (
        "lines_tie_to_orders",
        "fct_orders",
        {
            "fct_order_lines": RIGHT_LINES,
            "fct_orders": rows(ORDERS, "('a', '1', 2, 3.75)", "('b', '1', 1, 7.00)"),
        },
        0,
    ),
    (
        "lines_tie_to_orders",
        "fct_orders",
        {
            "fct_order_lines": RIGHT_LINES,
            "fct_orders": rows(ORDERS, "('a', '1', 2, 3.76)", "('b', '1', 2, 7.00)"),
        },
        2,
    ),
    (
        "lines_tie_to_orders",
        "fct_orders",
        {
            "fct_order_lines": RIGHT_LINES,
            "fct_orders": rows(ORDERS, "('a', '1', 2, 3.75)", "('c', '1', 1, 7.00)"),
        },
        2,
    ),
    (
        "lines_tie_to_orders",
        "fct_orders",
        {
            "fct_order_lines": TWO_CURRENCIES,
            "fct_orders": rows(ORDERS, "('a', '1', 2, null::decimal(9, 2))"),
        },
        0,
    ),
    (
        "lines_tie_to_orders",
        "fct_orders",
        {"fct_order_lines": TWO_CURRENCIES, "fct_orders": rows(ORDERS, "('a', '1', 2, 3.75)")},
        1,
    ),
]


@pytest.mark.parametrize(("test", "model", "tables", "faults"), CASES)
def test_a_generic_test_finds_each_fault_and_nothing_else(
    project: Project, test: str, model: str, tables: Tables, faults: int
) -> None:
    assert failures(project, test, model, tables) == faults


ACCEPTED = "ordered_on, currency, quantity, unit_price, line_amount, discount_amount"
CLOCK = "select date '2024-01-31' as as_of_date, 'GBP' as reporting_currency"
TRANSACTIONS = rows(
    ACCEPTED,
    "(date '2024-01-31', 'EUR', 2, 1.50, null::decimal(9, 2), null::decimal(9, 2))",
    "(date '2024-01-30', null, 1, 4.00, null, 1.00)",
    "(date '2024-02-01', 'EUR', 1, 9.99, null, null)",
)
FACTS = "currency, net_amount"


@pytest.mark.parametrize(
    ("facts", "faults"),
    [
        (["('EUR', 3.00)", "('GBP', 3.00)"], 0),
        (["('EUR', 3.00)"], 1),
        (["('EUR', 3.00)", "('GBP', 3.01)"], 1),
        (["('EUR', 3.00)", "('GBP', 1.50)", "('GBP', 1.50)"], 1),
        (["('EUR', 3.00)", "('GBP', 3.00)", "('USD', 0.00)"], 1),
    ],
)
def test_accepted_rows_that_are_lost_doubled_or_changed_in_the_facts_are_found(
    project: Project, facts: list[str], faults: int
) -> None:
    tables = {
        "transactions": TRANSACTIONS,
        "clock": CLOCK,
        "fct_order_lines": rows(FACTS, *facts),
    }
    assert Warehouse(project, tables).failures("accepted_rows_are_order_lines") == faults


FACT_DAYS = "business_unit, customer_key, is_merchandise, quantity, net_amount_reporting"
SALES = rows(
    FACT_DAYS,
    "('shop', 1, true, 2, 10.00)",
    "('shop', 1, true, -1, -5.00)",
    "('shop', 1, false, 1, 3.00)",
    "('shop', -1, true, 1, 8.00)",
)
DAYS = "business_unit, lines, quantity, net_amount_reporting"


@pytest.mark.parametrize(
    ("days", "faults"),
    [
        (["('shop', 1, 2, 10.00)", "('shop', 1, -1, -5.00)"], 0),
        (["('shop', 1, 2, 10.00)"], 1),
        (["('shop', 2, 1, 13.00)"], 1),
        (["('shop', 2, 1, 5.00)", "('web', 1, 1, 0.00)"], 1),
    ],
)
def test_customer_days_that_do_not_tie_to_the_facts_are_found(
    project: Project, days: list[str], faults: int
) -> None:
    tables = {"fct_order_lines": SALES, "customer_days": rows(DAYS, *days)}
    assert Warehouse(project, tables).failures("order_lines_are_customer_days") == faults
