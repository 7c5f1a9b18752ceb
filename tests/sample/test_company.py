"""What the generated company promises is looked for in its files."""

import re
from collections import Counter, defaultdict

SOCIAL_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def has_right_check_digit(code: str) -> bool:
    """GB 32100, written out."""
    weighed = sum(SOCIAL_CREDIT.index(c) * pow(3, n, 31) for n, c in enumerate(code[:17]))
    return SOCIAL_CREDIT[-weighed % 31] == code[17]


def test_the_check_digit_of_a_known_code_is_right():
    assert has_right_check_digit("91350100M000100Y43")  # the example of the standard
    assert not has_right_check_digit("91350100M000100Y44")


def test_ids_have_leading_zeros(sample):
    rows = sample.files("customers")["sample_customers_2024.csv"]
    ids = {row["customer_id"] for row in rows}
    ids |= {row["product_id"] for row in sample.rows("products")} - {"POST"}
    assert {len(value) for value in ids} == {5, 7}
    assert all(value.startswith("00") and value.isdigit() for value in ids)


def test_some_buyers_are_in_no_customer_file_and_some_sales_have_no_buyer(sample):
    listed = {row["customer_id"] for row in sample.rows("customers")}
    buyers = Counter(row["customer_id"] for row in sample.clean)
    assert 0.01 <= buyers[""] / buyers.total() <= 0.06
    unlisted = {row["customer_id"] for row in sample.truth("customers") if row["is_unlisted"]}
    assert unlisted >= set(buyers) - listed - {""}
    assert len(unlisted & set(buyers)) >= 5
    assert not unlisted & listed
    assert len(listed - set(buyers)) >= 10


def test_orders_are_delivered_again_unchanged_changed_and_some_of_them_withdrawn(sample):
    seen = defaultdict(list)
    for name, rows in sample.files("transactions").items():
        if "market" in name:
            continue
        for number, row in enumerate(rows, start=2):
            if (name, number) not in sample.dirty_places:
                seen[row["order_id"], row["line_number"]].append(row)
    twice = [rows for rows in seen.values() if len(rows) > 1]
    assert {len(rows) for rows in twice} == {2}
    assert sum(a == b for a, b in twice) >= 20
    changed = [(a, b) for a, b in twice if b["quantity"] != a["quantity"]]
    withdrawn = [(a, b) for a, b in twice if b["is_deleted"] == "true"]
    assert len(changed) >= 10
    assert {a["is_deleted"] for a, _ in withdrawn} == {""}
    assert len({a["order_id"] for a, _ in withdrawn}) == 4
    assert all(b["updated_at"] > a["updated_at"] for a, b in changed + withdrawn)


def test_one_file_comes_twice_under_two_names(sample):
    folder = sample.settings.landing / "standard" / "transactions"
    first, second = sorted(folder.glob("sample_market_stall*"))
    assert first.read_bytes() == second.read_bytes()


def test_returns_are_negative_lines_of_an_earlier_order_most_of_them_linked(sample):
    sold = {(row["order_id"], row["line_number"]): row for row in sample.clean}
    returns = [row for row in sample.clean if row["order_id"].startswith("R")]
    linked = [row for row in returns if row["original_order_id"]]
    assert len(returns) >= 200
    assert 0.6 <= len(linked) / len(returns) <= 0.95
    for row in returns:
        original = sold[row["order_id"][1:], row["line_number"]]
        assert row["original_order_id"] in ("", original["order_id"])
        assert int(original["quantity"]) == -int(row["quantity"])
        assert float(row["discount_amount"]) <= 0 < float(row["unit_price"])
        assert original["ordered_at"] < row["ordered_at"]
    assert all(
        int(row["quantity"]) > 0 for row in sample.clean if not row["order_id"].startswith("R")
    )


def test_a_round_total_is_delivered_where_the_price_of_one_has_no_two_decimals(sample):
    totals = [row for row in sample.clean if row.get("line_amount")]
    assert len(totals) >= 100
    off = [
        row
        for row in totals
        if round(float(row["unit_price"]) * int(row["quantity"]) - float(row["line_amount"]), 2)
    ]
    assert 0 < len(off) < len(totals)


def test_products_have_families_grades_and_costs_that_change_and_some_are_unknown(sample):
    first, second = sample.files("products").values()
    families = {row["product_family_id"] for row in sample.rows("product_families")}
    assert len({row["category"] for row in first}) == 9
    assert {row["product_family_id"] for row in first} - {""} < families
    assert {row["grade"] for row in first} == {"1", "2", "3", "4", ""}
    assert all(
        float(row["unit_cost"]) < float(row["list_price"]) for row in first if row["unit_cost"]
    )
    assert sum(row["unit_cost"] == "" for row in first) == 3
    dearer = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    assert len(dearer) == 12
    assert all(float(b["list_price"]) > float(a["list_price"]) for a, b in dearer)


def test_sales_are_in_three_currencies_with_rates_for_every_day_but_one(sample):
    currencies = Counter(row["currency"] for row in sample.clean)
    assert currencies.keys() == {"GBP", "EUR", "CNY"}
    assert currencies["GBP"] > currencies["EUR"] > currencies["CNY"] > 50
    rates = {(row["rate_on"], row["from_currency"]): row for row in sample.rows("exchange_rates")}
    assert len(rates) == 2 * 912
    zero = {day for (day, _), row in rates.items() if float(row["exchange_rate"]) == 0}
    assert zero == {"2024-12-25"}


def test_customers_are_persons_and_organisations_with_western_and_chinese_names(records):
    kinds = Counter(
        (row["customer_type"], bool(re.search("[\u4e00-\u9fff]", row["full_name"])))
        for row in records.values()
    )
    assert kinds.keys() == {(k, c) for k in ("person", "organisation") for c in (True, False)}
    assert min(kinds.values()) >= 150
    names = " ".join(row["full_name"] for row in records.values())
    assert all(suffix in names for suffix in (" Ltd", "有限公司", " GmbH"))


def test_nobody_can_be_reached_by_what_the_sample_says_of_them(company):
    nobody = re.compile(r"(7700900|(20[ -]?7946|113[ -]?4960|11[456][ -]?4960)|20[ -]?[01])[\d -]+")
    for row in company.rows("customers"):
        if row["email"] != "no e-mail":
            host = row["email"].lower().rpartition("@")[2]
            assert re.search(r"(^|\.)example\.(com|org|net)$", host)
        for phone in (row.get("phone", ""), row.get("mobile", "")):
            digits = re.sub(r"\D", "", phone.replace("(0)", ""))
            if digits in ("", "123456789", "00000000000"):
                continue
            national = re.sub(r"^(0044|44|0)(?=[127])", "", digits)
            assert re.match(r"(0086|86)?100\d{8}$", digits) or re.match(
                r"(7700900\d{3}|207946\d{4}|11[3456]496\d{4}|20[01]\d{7})$", national
            ), phone
    assert nobody.match("7700900123")


def test_birthdays_of_the_29_of_february_and_anniversaries_are_there(records):
    assert sum(row["birth_date"].endswith("-02-29") for row in records.values()) >= 50
    assert sum(row["anniversary_on"] != "" for row in records.values()) >= 500


def test_telephones_are_written_in_several_ways(records):
    shapes = Counter(re.sub(r"\d", "9", row["phone"]) for row in records.values())
    assert len([shape for shape, count in shapes.items() if shape and count >= 20]) >= 10
    assert any(shape.startswith("+99") for shape in shapes)


def test_records_change_are_withdrawn_and_come_back_and_one_file_is_late(company):
    files = company.files("customers")
    assert [*files] == [
        "sample_by_hand.csv", "sample_customers_2024.csv", "sample_customers_2025.csv",
        "sample_customers_2026.csv", "sample_customers_late.csv",
    ]  # fmt: skip
    by_news = defaultdict(set)
    for row in company.truth("customer_changes"):
        by_news[row["news"]].add(row["customer_id"])
    assert by_news.keys() == {"new", "moved", "withdrawn", "back", "written earlier"}
    assert len(by_news["withdrawn"]) == 2 * len(by_news["back"]) == 100
    withdrawn = {row["customer_id"] for row in company.rows("customers") if row.get("is_deleted")}
    assert withdrawn == by_news["withdrawn"]
    newest_before = max(row["updated_at"] for row in files["sample_customers_2026.csv"])
    late = files["sample_customers_late.csv"]
    assert all(row["updated_at"] < newest_before for row in late)
    overtaken = {row["customer_id"] for row in late} & by_news["moved"]
    assert len(overtaken) >= 50
    doubled = Counter(tuple(row.values()) for row in files["sample_customers_2025.csv"])
    assert sum(count == 2 for count in doubled.values()) == 50


def test_duplicates_share_with_their_first_record_all_but_what_was_varied(company):
    first: dict[str, dict[str, str]] = {}
    for row in company.rows("customers"):
        first.setdefault(row["customer_id"], row)
    variations = Counter()
    digits = re.compile(r"\D")
    for duplicate in company.truth("duplicates"):
        one, other = first[duplicate["customer_id"]], first[duplicate["true_customer_id"]]
        same = {
            "name": one["full_name"] == other["full_name"],
            "letters": sorted(one["full_name"].lower()) == sorted(other["full_name"].lower()),
            "e-mail": one["email"].lower() == other["email"].lower(),
            "telephone": digits.sub("", one["phone"])[-7:] == digits.sub("", other["phone"])[-7:],
            "house": one["address_line"] == other["address_line"],
        }
        assert one["birth_date"] == other["birth_date"]
        expected = {
            "typo": ({"letters", "e-mail", "telephone", "house"}, {}),
            "new e-mail": ({"name", "telephone", "house"}, {"e-mail"}),
            "new telephone": ({"name", "e-mail", "house"}, {"telephone"}),
            "swapped name": ({"letters", "e-mail", "telephone"}, {}),
            "moved house": ({"name", "e-mail", "telephone"}, {}),
            "initial": ({"telephone", "house"}, {"e-mail"}),
        }[duplicate["variation"]]
        assert all(same[what] for what in expected[0]), (duplicate, one, other)
        assert not any(same[what] for what in expected[1]), duplicate
        variations[duplicate["variation"]] += 1
    assert len(variations) == 6
    assert variations.total() == 200


def test_records_that_must_not_be_merged_share_what_is_told_and_are_other_people(company):
    first: dict[str, dict[str, str]] = {}
    for row in company.rows("customers"):
        first.setdefault(row["customer_id"], row)
    kinds = Counter()
    for pair in company.truth("non_matches"):
        one, other = first[pair["customer_id"]], first[pair["other_customer_id"]]
        last = [re.sub(r"\D", "", row["phone"])[-7:] for row in (one, other)]
        if pair["shared"] == "name":
            assert one["full_name"] == other["full_name"]
            assert one["email"] != other["email"]
        elif pair["shared"] == "role mailbox":
            assert one["email"] == other["email"]
            assert one["email"].startswith("info@")
        else:
            assert last[0] == last[1] != ""
            assert one["email"] != other["email"]
        kinds[pair["shared"]] += 1
    assert kinds.keys() == {"name", "role mailbox", "family telephone", "placeholder telephone"}


def test_tax_codes_have_the_check_digit_that_the_truth_says(company, records):
    codes = company.truth("tax_codes")
    assert Counter(code["is_valid"] for code in codes)[False] == 50
    for code in codes:
        assert records[code["customer_id"]]["tax_code"] == code["tax_code"]
        assert has_right_check_digit(code["tax_code"]) == code["is_valid"]


def test_hierarchies_lead_to_their_ultimate_parents_over_up_to_three_levels(company, records):
    levels = Counter()
    for member in company.truth("hierarchy"):
        at, steps = member["customer_id"], 0
        while parent := records[at]["parent_customer_id"]:
            at, steps = parent, steps + 1
        assert (at, steps) == (member["ultimate_parent_customer_id"], member["level"])
        levels[steps] += 1
    assert levels.keys() == {0, 1, 2}


def test_contact_persons_act_for_an_organisation_in_four_roles(records):
    contacts = [row for row in records.values() if row["organisation_id"]]
    assert Counter(row["contact_role"] for row in contacts).keys() == {
        "payer", "buyer", "user", "contact",
    }  # fmt: skip
    for row in contacts:
        assert records[row["organisation_id"]]["customer_type"] == "organisation"
