"""Complete Journey's tables against pandas, and what its amounts mean on lines by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from exports import D, Exports, assert_conserved, csv_text, header, rows
from harness import Project

HEADER = header(
    "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc",
    "coupon_match_disc,week,transaction_timestamp",
)
# The package's tables, and where each is landed.
TABLES = {
    "transactions_sample": "transactions",
    "products": "products",
    "demographics": "customers",
    "campaign_descriptions": "campaigns",
    "campaigns": "campaign_contacts",
    "coupon_redemptions": "campaign_responses",
    "coupons": "campaign_offers",
}


def line(basket: str, *amounts: str, quantity: str = "1", at: str = "17:05:00") -> dict[str, str]:
    """A line of a till receipt: sales_value and the three discounts."""
    values = ("h1", "309", basket, "900000", quantity, *amounts, "14", f"2017-03-31 {at}")
    return dict(zip(HEADER, values, strict=True))


def test_net_is_what_the_customer_paid_and_the_line_is_at_the_shelf_price(exports: Exports) -> None:
    lines = [
        line("plain", "3.50", "0", "0", "0"),
        # Shelf 6.78; card 2.78 and match 0.50 are the retailer's, the coupon of 1.50 the maker's.
        line("coupon", "3.50", "2.78", "1.50", "0.50", quantity="2"),
        line("scanned", "0.0", "0.0", "1.4", "0.0", quantity="0.0"),
        line("fuel", "22.18", "0", "0", "0", quantity="8000", at="23:59:00"),
    ]
    exports.drop("complete_journey/transactions/t.csv", csv_text(HEADER, lines))
    warehouse = exports.warehouse()
    columns = "order_id, quantity, unit_price, discount_amount, net_amount, is_return, ordered_on"
    day = dt.date(2017, 3, 31)
    assert rows(warehouse, "fct_order_lines", columns) == [
        ("coupon", D(2), D("3.39"), D("4.78"), D("2.00"), False, day),
        ("fuel", D(8000), D("0.002773"), D(0), D("22.18"), False, day),
        ("plain", D(1), D("3.50"), D(0), D("3.50"), False, day),
        ("scanned", D(0), None, D("1.40"), D("-1.40"), False, day),
    ]
    at = dt.datetime.fromisoformat("2017-04-01 03:59:00")
    assert rows(warehouse, "transactions", "ordered_at", "order_id = 'fuel'") == [(at,)]


def test_a_discount_that_is_no_number_holds_the_line_back(exports: Exports) -> None:
    lines = [line("a", "3.50", "?", "0", "0"), line("b", "3.50", "0", "0", "0")]
    exports.drop("complete_journey/transactions/t.csv", csv_text(HEADER, lines))
    assert exports.rows("transactions_judged", "order_id, reasons") == [
        ("a", "unit_price or line_amount: required"),
        ("b", None),
    ]


def test_texts_that_mean_nothing_are_nothing(exports: Exports) -> None:
    text = (
        "household_id,age,income,home_ownership,marital_status,household_size,household_comp,"
        "kids_count\n1,65+,35-49K,NaN,NA,5+,2 Adults Kids,3+\n"
    )
    exports.drop("complete_journey/customers/demographics.csv", text)
    columns = (
        "customer_id, customer_type, income_band, home_ownership, marital_status, household_size, "
        "children_count"
    )
    assert exports.rows("customers", columns) == [("1", "person", "35-49K", None, None, 5, 3)]


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, real_data: Path, project: Project) -> Exports:
    exports = Exports(tmp_path_factory.mktemp("journey"), project)
    for source, table in TABLES.items():
        file = real_data / "complete_journey" / f"{source}.parquet"
        exports.drop(f"complete_journey/{table}/{source}.parquet", file)
    return exports


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "complete_journey"


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def cents(values: pd.Series) -> pd.Series:
    return (values * 100).round().astype("int64")


def test_every_table_is_taken_whole_and_only_repeated_offers_are_superseded(
    journey: Exports,
) -> None:
    warehouse = journey.warehouse()
    counts = "feed, delivered, accepted, quarantined, superseded, unparseable"
    assert rows(warehouse, "loads", counts) == [
        ("campaign_contacts", 2_102, 2_102, 0, 0, 0),
        ("campaign_contacts", 6_589, 6_589, 0, 0, 0),
        ("campaign_offers", 116_204, 111_332, 0, 4_872, 0),
        ("campaigns", 27, 27, 0, 0, 0),
        ("customers", 801, 801, 0, 0, 0),
        ("products", 92_331, 92_331, 0, 0, 0),
        ("transactions", 75_000, 75_000, 0, 0, 0),
    ]
    assert_conserved(warehouse)
    # The clocks of New York skip and repeat an hour at night, when no till is busy.
    assert rows(warehouse, "transactions_judged", "count(*)", "doubts is not null") == [(0,)]


def test_households_spent_what_pandas_says(journey: Exports, folder: Path) -> None:
    lines = table(folder, "transactions_sample")
    shelf = cents(lines["sales_value"]) + cents(lines["retail_disc"])
    shelf += cents(lines["coupon_match_disc"])
    paid = cents(lines["sales_value"]) - cents(lines["coupon_disc"])
    lines = lines.assign(shelf=shelf, paid=paid, day=lines["transaction_timestamp"].dt.date)
    by_day = lines.groupby(["household_id", "day"]).agg(
        lines=("paid", "size"), shelf=("shelf", "sum"), paid=("paid", "sum")
    )
    expected = {key: tuple(map(int, row)) for key, *row in by_day.itertuples()}
    columns = (
        "customer_id, ordered_on, count(*), cast(sum(line_amount) * 100 as bigint), "
        "cast(sum(line_amount - discount_amount) * 100 as bigint)"
    )
    found = journey.rows("transactions", columns, "true group by customer_id, ordered_on")
    assert {(h, day): tuple(row) for h, day, *row in found} == expected
    assert sum(expected[key][2] for key in expected) == int(paid.sum()) == 23_257_853
    [(net,)] = journey.rows("fct_order_lines", "sum(net_amount)")
    assert net == Decimal("232578.53")


def test_fuel_is_counted_in_thousandths_of_a_gallon(journey: Exports, folder: Path) -> None:
    lines = table(folder, "transactions_sample").merge(table(folder, "products"), how="left")
    many = lines[lines["quantity"] > 100]
    assert set(many["product_type"]) == {"GASOLINE-REG UNLEADED"}
    assert (many["sales_value"] / many["quantity"] * 1000).between(1.5, 4).all()
    where = "quantity > 100"
    [(count, units)] = journey.rows("fct_order_lines", "count(*), sum(quantity)", where)
    assert (count, units) == (len(many), int(many["quantity"].sum()))


def test_gift_cards_and_deposits_are_no_merchandise(journey: Exports, folder: Path) -> None:
    products = table(folder, "products")
    kinds = products["product_type"].fillna("")
    other = kinds.str.contains("GIFT CARD") | kinds.isin(
        ["BOTTLE DEPOSITS", "CRV DEPOSIT NT/F", "CRV DEPOSIT T/NF"]
    )
    expected = table(folder, "transactions_sample")["product_id"].isin(
        products.loc[other, "product_id"]
    )
    assert expected.sum() > 10
    [(found,)] = journey.rows("fct_order_lines", "count(*)", "not is_merchandise")
    assert found == expected.sum()


def test_campaigns_their_contacts_and_responses_meet(journey: Exports, folder: Path) -> None:
    redemptions = table(folder, "coupon_redemptions")
    expected = {
        (row.campaign_id, row.household_id, row.coupon_upc, row.redemption_date)
        for row in redemptions.itertuples()
    }
    columns = "campaign_id, customer_id, offer_id, responded_on, responded_at"
    found = journey.rows("campaign_contacts", columns, "response = 'responded'")
    assert {row[:4] for row in found} == expected
    assert len(found) == len(expected) == 2_102
    # A day is the midnight that it begins with in New York.
    assert {row[4].hour for row in found} == {4, 5}
    contacted = table(folder, "campaigns")
    pairs = set(zip(contacted["campaign_id"], contacted["household_id"], strict=True))
    found = journey.rows("campaign_contacts", "campaign_id, customer_id", "response is null")
    assert set(found) == pairs
    assert len(found) == len(pairs) == 6_589
    campaigns = table(folder, "campaign_descriptions")
    assert set(journey.rows("campaigns", "campaign_id, campaign_kind, starts_on, ends_on")) == set(
        campaigns.itertuples(index=False, name=None)
    )


def test_an_id_that_was_taken_for_a_number_is_written_out(journey: Exports, folder: Path) -> None:
    assert (table(folder, "products")["product_id"] == "9e+05").sum() == 1
    assert (table(folder, "coupons")["product_id"] == "9e+05").sum() == 2
    where = "product_id in ('900000', '9e+05')"
    assert journey.rows("products", "product_id, category", where) == [("900000", "FRAGRANCES")]
    assert set(journey.rows("campaign_offers", "product_id", where)) == {("900000",)}


def test_demographics_are_those_of_the_file(journey: Exports, folder: Path) -> None:
    people = table(folder, "demographics")
    people["size"] = people["household_size"].str.rstrip("+").astype(int)
    people["children"] = people["kids_count"].str.rstrip("+").astype(int)
    expected = people[["household_id", "income", "size", "children"]]
    columns = "customer_id, income_band, household_size, children_count"
    assert set(journey.rows("customers", columns)) == set(
        expected.itertuples(index=False, name=None)
    )
