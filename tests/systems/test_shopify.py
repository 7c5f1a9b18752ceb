"""Shopify's exports, under the header that its admin pages write."""

from __future__ import annotations

import datetime as dt

from exports import D, Exports, assert_conserved, csv_text, header, pseudonym, rows


def address(kind: str) -> str:
    """The columns of an address."""
    parts = header("Name,Street,Address1,Address2,Company,City,Zip,Province,Country,Phone")
    return ",".join(f"{kind} {part}" for part in parts)


HEADER = header(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing",
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method",
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price",
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status",
    address("Billing"),
    address("Shipping"),
    "Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor",
    "Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount",
    *(f"Tax {number} Name,Tax {number} Value" for number in range(1, 6)),
    "Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID",
    "Payment Terms Name,Next Payment Due At,Payment References",
)
CUSTOMERS = header(
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company",
    "Default Address Address1,Default Address Address2,Default Address City",
    "Default Address Province Code,Default Address Country Code,Default Address Zip",
    "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt",
    "Tags",
)
ANN = pseudonym("ann@example.com")


def line(name: str, quantity: str, price: str, item: str = "Mug", **more: str) -> dict[str, str]:
    """A line item as it stands below an order's first line."""
    return {
        "Name": name,
        "Lineitem quantity": quantity,
        "Lineitem name": item,
        "Lineitem price": price,
        "Lineitem sku": item.upper(),
        "Lineitem discount": more.pop("discount", "0.00"),
        "Vendor": "Acme",
    }


def order(name: str, *lines: dict[str, str], **fields: str) -> list[dict[str, str]]:
    """An order: the first of its lines carries what belongs to all."""
    own = {
        "Email": "ann@example.com",
        "Financial Status": "paid",
        "Currency": "USD",
        "Created at": "2024-05-01 23:11:12 -0400",
        "Shipping Country": "CA",
        "Billing Country": "US",
        "Source": "web",
        "Refunded Amount": "0.00",
        **{field.replace("_", " "): value for field, value in fields.items()},
    }
    first, *rest = lines
    return [{**first, **own}, *rest]


TWO_LINES = order(
    "#1001",
    line("#1001", "2", "9.99", "Tee"),
    line("#1001", "1", "10.00"),
    Subtotal="29.98",
    Shipping="5.00",
    Total="34.98",
    Email=" Ann@Example.com",
    Discount_Code="MAY",
)
MONEY = "order_id, product_id, quantity, line_amount, discount_amount"


def test_an_orders_own_fields_reach_all_of_its_lines(exports: Exports) -> None:
    exports.drop("shopify/orders/orders_export.csv", csv_text(HEADER, TWO_LINES))
    at = dt.datetime.fromisoformat("2024-05-02 03:11:12")
    shared = ("#1001", ANN, at, dt.date(2024, 5, 2), "USD", "web", "MAY", "CA", "default")
    columns = (
        "order_id, customer_id, ordered_at, ordered_on, currency, channel, promotion_id, "
        "customer_country, business_unit"
    )
    assert exports.rows("transactions", columns) == [shared, shared]
    assert exports.rows("transactions", MONEY) == [
        ("#1001", "MUG", D(1), D("10.00"), D(0)),
        ("#1001", "TEE", D(2), D("19.98"), D(0)),
    ]
    assert exports.rows("transactions", "line_number, product_name", "quantity = 2") == [
        (None, "Tee")
    ]


def test_no_address_is_a_key_and_an_order_without_one_is_nobodys(exports: Exports) -> None:
    lines = order("#1", line("#1", "1", "5.00"), Subtotal="5.00", Total="5.00", Email="")
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, [*TWO_LINES, *lines]))
    ids = exports.rows("transactions", "order_id, customer_id")
    assert ids == [("#1", None), ("#1001", ANN), ("#1001", ANN)]


def test_a_discount_of_the_order_is_spread_over_its_lines_by_their_price(exports: Exports) -> None:
    # 15 of 150 off: 10 and 5. Shipping, and the discount on it, are no merchandise.
    lines = order(
        "#2",
        line("#2", "1", "100.00", "Coat"),
        line("#2", "2", "25.00"),
        Subtotal="135.00",
        Shipping="0.00",
        Total="135.00",
        Discount_Amount="20.00",
        Discount_Code="TENOFF",
    )
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, lines))
    assert exports.rows("transactions", MONEY) == [
        ("#2", "COAT", D(1), D(100), D(10)),
        ("#2", "MUG", D(2), D(50), D(5)),
    ]


def test_parts_of_a_discount_add_up_to_the_last_digit(exports: Exports) -> None:
    items = [line("#3", "1", "10.00", item) for item in ("A", "B", "C")]
    exports.drop(
        "shopify/orders/a.csv",
        csv_text(HEADER, order("#3", *items, Subtotal="20.00", Total="20.00")),
    )
    parts = [row[0] for row in exports.rows("transactions", "discount_amount")]
    assert parts == [D("3.3333"), D("3.3333"), D("3.3334")]
    assert sum(parts) == D(10)


def test_a_discount_of_a_line_stays_with_it_and_a_refund_takes_its_part(exports: Exports) -> None:
    # 50 - 10 and 40 weigh the same; 7 off the order is 3.50 each. Half of the total came back:
    # half of the 73 of merchandise is 18.25 off each line.
    lines = order(
        "#4",
        line("#4", "1", "50.00", "Coat", discount="10.00"),
        line("#4", "1", "40.00"),
        Subtotal="73.00",
        Shipping="7.00",
        Total="80.00",
        Refunded_Amount="40.00",
        Financial_Status="partially_refunded",
    )
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, lines))
    assert exports.rows("transactions", MONEY) == [
        ("#4", "COAT", D(1), D("31.75"), D("13.50")),
        ("#4", "MUG", D(1), D("21.75"), D("3.50")),
    ]
    assert exports.rows("fct_order_lines", "net_amount") == [(D("18.25"),), (D("18.25"),)]


def test_an_order_that_came_to_nothing_is_withdrawn_with_all_its_lines(exports: Exports) -> None:
    ends = {
        "#1": {},
        "#2": {"Cancelled at": "2024-05-02 08:00:00 -0400"},
        "#3": {"Financial Status": "voided"},
        "#4": {"Financial Status": "expired"},
        "#5": {"Financial Status": "refunded"},
    }
    before = {n: order(n, line(n, "1", "9.00"), line(n, "1", "1.00")) for n in ends}
    exports.drop(
        "shopify/orders/may.csv",
        csv_text(HEADER, [row for lines in before.values() for row in lines]),
    )
    assert len(exports.rows("transactions")) == 10
    after = [row for n in ends for row in ({**before[n][0], **ends[n]}, before[n][1])]
    exports.drop("shopify/orders/june.csv", csv_text(HEADER, after))
    warehouse = exports.warehouse()
    found = rows(warehouse, "transactions_judged", "order_id, superseded_because", "load_id = 2")
    assert found == [(n, "withdrawn" if ends[n] else None) for n in ends for _ in range(2)]
    found = rows(warehouse, "transactions_judged", "superseded_because", "load_id = 1")
    assert found == [("newer_version",)] * 10
    assert_conserved(warehouse)


def test_an_order_exported_again_replaces_the_order(exports: Exports) -> None:
    exports.drop("shopify/orders/may.csv", csv_text(HEADER, TWO_LINES))
    shorter = [{**TWO_LINES[0], "Subtotal": "19.98", "Total": "19.98"}]
    exports.drop("shopify/orders/june.csv", csv_text(HEADER, shorter))
    assert exports.rows("transactions", MONEY) == [("#1001", "TEE", D(2), D("19.98"), D(0))]


def test_the_order_of_the_lines_in_the_file_does_not_matter(exports: Exports) -> None:
    items = [line("#3", "1", price, item) for price, item in (("1.10", "A"), ("9.00", "B"))]
    lines = [*TWO_LINES, *order("#3", *items, Subtotal="7.00", Total="7.00")]
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, lines))
    columns = f"customer_id, ordered_at, {MONEY}"
    before = exports.rows("transactions", columns)
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, lines[::-1]))
    assert exports.rows("transactions", columns) == before


def test_what_is_no_number_is_held_back_in_its_own_line(exports: Exports) -> None:
    lines = order("#5", line("#5", "1", "9,99"), line("#5", "1", "5.00"), Subtotal="5.00")
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, lines))
    warehouse = exports.warehouse()
    assert rows(warehouse, "transactions_judged", "source_line_number, verdict, reasons") == [
        (2, "quarantined", "unit_price: not_a_number"),
        (3, "accepted", None),
    ]


def test_an_export_that_lacks_what_amounts_rest_on_is_refused(exports: Exports) -> None:
    shorter = [column for column in HEADER if column != "Subtotal"]
    lines = [{k: v for k, v in row.items() if k != "Subtotal"} for row in TWO_LINES]
    report = exports.drop("shopify/orders/a.csv", csv_text(shorter, lines))
    [delivery] = report.deliveries
    assert delivery.status == "refused"
    assert "Subtotal" in (delivery.reason or "")


def test_customers_meet_their_orders_and_lose_the_spreadsheets_apostrophes(
    exports: Exports,
) -> None:
    ann = {
        "Customer ID": "'8779761975521",
        "First Name": "Ann",
        "Last Name": "Lee",
        "Email": "ann@example.com",
        "Accepts Email Marketing": "yes",
        "Accepts SMS Marketing": "no",
        "Default Address Address1": "1 Main St",
        "Default Address City": "Springfield",
        "Default Address Province Code": "IL",
        "Default Address Country Code": "US",
        "Default Address Zip": "'01234",
        "Phone": "'+15550100",
    }
    nobody = {"Customer ID": "'77", "Default Address Phone": "'+15550199"}
    exports.drop("shopify/customers/customers.csv", csv_text(CUSTOMERS, [ann, nobody]))
    exports.drop("shopify/orders/a.csv", csv_text(HEADER, TWO_LINES))
    warehouse = exports.warehouse()
    columns = (
        "customer_id, given_name, family_name, email, phone, address_line, postal_code, city, "
        "region, country, has_email_consent, has_sms_consent"
    )
    street = ("1 Main St", "01234", "Springfield", "IL", "US")
    assert sorted(rows(warehouse, "customers", columns), key=lambda row: len(row[0])) == [
        ("77", None, None, None, "+15550199", *[None] * 7),
        (ANN, "Ann", "Lee", "ann@example.com", "+15550100", *street, True, False),
    ]
    orders = {key for (key,) in rows(warehouse, "fct_order_lines", "customer_key")}
    customers = {key for (key,) in rows(warehouse, "customer_links", "customer_key")}
    assert len(orders) == 1
    assert orders < customers
