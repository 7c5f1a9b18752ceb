"""What cleaning makes of names, numbers, codes and addresses as they are really written."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from harness import Project, Warehouse

from crm.contracts import load_feeds
from crm.identity import cleaning
from crm.identity.cleaning import UnreadablePlaceholderError, clean

Row = Mapping[str, Any]
Cases = Sequence[tuple[Row, Row]]
GB, CN, DE, US = ({"country": name} for name in ("United Kingdom", "中国", "Deutschland", "U.S.A."))

DISPLAY = ("clean_full_name", "clean_given_name", "clean_family_name")
NAMES: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    # full name: for display, given key, family key, name key
    "Ann Smith": ("Ann Smith", "ann", "smith", "ann smith"),
    "SMITH, ANN": ("Ann Smith", "ann", "smith", "ann smith"),
    "ann smith": ("Ann Smith", "ann", "smith", "ann smith"),
    "  Dr.  Ann   Smith ": ("Ann Smith", "ann", "smith", "ann smith"),
    "Herr Prof. Dr. Hans Groß": ("Hans Groß", "hans", "gross", "gross hans"),
    "Smith, Ms Ann": ("Ann Smith", "ann", "smith", "ann smith"),
    "John Smith Jr.": ("John Smith", "john", "smith", "john smith"),
    "John Smith, PhD": ("John Smith", "john", "smith", "john smith"),
    "Dr": ("Dr", None, None, "dr"),
    "Seán O’Brien": ("Seán O'Brien", "sean", "obrien", "obrien sean"),
    "SEAN O'BRIEN": ("Sean O'Brien", "sean", "obrien", "obrien sean"),
    "Anna Smith-Jones": ("Anna Smith-Jones", "anna", "smithjones", "anna jones smith"),
    "MARY-JANE WATSON": ("Mary-Jane Watson", "maryjane", "watson", "jane mary watson"),
    "Ludwig van Beethoven": (
        "Ludwig van Beethoven",
        "ludwig",
        "vanbeethoven",
        "beethoven ludwig van",
    ),
    "Oscar van der Berg": ("Oscar van der Berg", "oscar", "vanderberg", "berg der oscar van"),
    "J. R. Smith": ("J. R. Smith", "jr", "smith", "j r smith"),
    "Søren Łuczak": ("Søren Łuczak", "soren", "luczak", "luczak soren"),
    "Zoe\u0308 Mu\u0308ller": ("Zoë Müller", "zoe", "muller", "muller zoe"),
    "Ｊｏｈｎ\u3000Ｓｍｉｔｈ": ("John Smith", "john", "smith", "john smith"),
    "DUPONT Jean": ("DUPONT Jean", "jean", "dupont", "dupont jean"),
    "Madonna": ("Madonna", None, None, "madonna"),
    "Иван Петров": ("Иван Петров", "иван", "петров", "иван петров"),
    "Taylor & Sons": ("Taylor & Sons", None, None, "and sons taylor"),
    "王伟": ("王伟", "wei", "wang", "wang wei"),
    "王 伟": ("王伟", "wei", "wang", "wang wei"),
    "王伟先生": ("王伟", "wei", "wang", "wang wei"),
    "陈晓明教授": ("陈晓明", "xiaoming", "chen", "chen xiaoming"),
    "李女士": ("李女士", None, "li", "li"),
    "欧阳晓明": ("欧阳晓明", "xiaoming", "ouyang", "ouyang xiaoming"),
    "歐陽曉明": ("歐陽曉明", "xiaoming", "ouyang", "ouyang xiaoming"),
    "司马光": ("司马光", "guang", "sima", "guang sima"),
    "单雄信": ("单雄信", "xiongxin", "shan", "shan xiongxin"),
    "曾国藩": ("曾国藩", "guofan", "zeng", "guofan zeng"),
    "仇英": ("仇英", "ying", "qiu", "qiu ying"),
    "吕布": ("吕布", "bu", "lu", "bu lu"),
    "约翰·史密斯": ("约翰·史密斯", "yuehan", "shimisi", "shimisi yuehan"),
    "Wang Xiaoming": ("Wang Xiaoming", "xiaoming", "wang", "wang xiaoming"),
    "Wang Xiao-Ming": ("Wang Xiao-Ming", "xiaoming", "wang", "ming wang xiao"),
    "Xiaoming Wang": ("Xiaoming Wang", "xiaoming", "wang", "wang xiaoming"),
    "WANG Wei": ("WANG Wei", "wei", "wang", "wang wei"),
    "Lin Taylor": ("Lin Taylor", "lin", "taylor", "lin taylor"),
    "山田たろう": ("山田たろう", None, None, "山田たろう"),
    "n/a": (None, None, None, None),
    "测试": (None, None, None, None),
}
PARTS: Cases = [
    (
        {"full_name": "Wei Wang", "family_name": "Wei"},
        {"given_name_key": "wang", "family_name_key": "wei"},
    ),
    (
        {"full_name": "Wang Wei", **CN},
        {"given_name_key": "wei", "family_name_key": "wang"},
    ),
    (
        {"full_name": "Wang Wei", **GB},
        {"given_name_key": "wang", "family_name_key": "wei"},
    ),
    (
        {"given_name": "Dr. ANN", "family_name": "SMITH Jr"},
        {"clean_full_name": "Ann Smith", "clean_given_name": "Ann", "family_name_key": "smith"},
    ),
    (
        {"given_name": "晓明", "family_name": "欧阳"},
        {"clean_full_name": "欧阳晓明", "han_name": "欧阳晓明", "family_name_key": "ouyang"},
    ),
    ({"full_name": "王伟"}, {"han_name": "王伟"}),
    ({"full_name": "David 王伟"}, {"han_name": "王伟", "name_key": "wang wei"}),
    ({"full_name": "李女士"}, {"han_name": None}),
    ({"full_name": "Wang Wei"}, {"han_name": None}),
    ({"full_name": "山田たろう"}, {"han_name": None}),
]
# name and declared type: type, legal form, name key
ORGANISATIONS: dict[tuple[str, str | None], tuple[str | None, str | None, str]] = {
    ("Acme Ltd", None): ("organisation", "ltd", "acme"),
    ("ACME LIMITED", None): ("organisation", "ltd", "acme"),
    ("Acme Co., Ltd.", None): ("organisation", "ltd", "acme"),
    ("Marsh, Hill & Co", "organisation"): ("organisation", "and co", "hill marsh"),
    ("Müller Feinkost GmbH & Co. KG", None): ("organisation", "gmbh and co kg", "feinkost muller"),
    ("Müller Feinkost G.m.b.H.", None): ("organisation", "gmbh", "feinkost muller"),
    ("Société Générale S.A.", "organisation"): ("organisation", "sa", "generale societe"),
    ("Fiat S.p.A.", "organisation"): ("organisation", "spa", "fiat"),
    ("Philips B.V.", None): ("organisation", "bv", "philips"),
    ("Nokia Oyj", None): ("organisation", "oy", "nokia"),
    ("Globex Pty Ltd", None): ("organisation", "ltd", "globex"),
    ("Initech, LLC", None): ("organisation", "llc", "initech"),
    ("上海伟贸易有限公司", None): ("organisation", "有限公司", "shanghaiweimaoyi"),
    ("上海伟贸易有限责任公司", None): ("organisation", "有限公司", "shanghaiweimaoyi"),
    ("华为技术股份有限公司", None): ("organisation", "股份有限公司", "huaweijishu"),
    ("海尔集团", None): ("organisation", "集团", "haier"),
    ("Ltd", "organisation"): ("organisation", None, "ltd"),
    # a form that may end a person's name tells nothing of whom nobody declared
    ("Ana De Sa", None): (None, None, "ana de sa"),
    ("Ana De Sa", "organisation"): ("organisation", "sa", "ana de"),
    ("Acme Ltd", "person"): ("person", None, "acme ltd"),
}
# address: cleaned, is a role's, is a placeholder
EMAILS: dict[str, tuple[str | None, bool, bool]] = {
    " Ann.Smith@Example.COM ": ("ann.smith@example.com", False, False),
    "ann+shop@example.com": ("ann+shop@example.com", False, False),
    "info@shop3.example.org": ("info@shop3.example.org", True, False),
    "Office@acme.example.com": ("office@acme.example.com", True, False),
    "information.desk@example.com": ("information.desk@example.com", False, False),
    "n/a@example.com": (None, False, True),
    "noreply@acme.com": (None, False, True),
    "a@a.com": (None, False, True),
    "ann@nomail.com": (None, False, True),
    "tester.smith@example.com": ("tester.smith@example.com", False, False),
}
# number and country: E.164, extension
PHONES: dict[tuple[str, str | None], tuple[str | None, str | None]] = {
    ("0770 0900123", "United Kingdom"): ("+447700900123", None),
    ("+44 (0)20 7946-0123", "United Kingdom"): ("+442079460123", None),
    ("00442079460123", "United Kingdom"): ("+442079460123", None),
    ("(0)20 7946 0123", "UK"): ("+442079460123", None),
    ("020 7946 0123 ext. 12", "England"): ("+442079460123", "12"),
    ("020 7946 0123 / 020 7946 0999", "GB"): ("+442079460123", None),
    ("139 1234 5679", "中国"): ("+8613912345679", None),
    ("(+86)13912345679", "China"): ("+8613912345679", None),
    ("0086-139-1234-5679", "China"): ("+8613912345679", None),
    ("86 13912345679", "P.R. China"): ("+8613912345679", None),
    ("８６１３９１２３４５６７９", "CN"): ("+8613912345679", None),
    ("8613912345679", "United Kingdom"): ("+8613912345679", None),
    ("010-66778899转123", "China"): ("+861066778899", "123"),
    ("0086-13912345679", "USA"): ("+8613912345679", None),
    # no range of the plan begins so, but it can be dialled
    ("+86 100 1234 5670", "China"): ("+8610012345670", None),
    ("030/901820", "Germany"): ("+4930901820", None),
    ("0049 (0)30 901820", "Deutschland"): ("+4930901820", None),
    ("(212) 555-0123", "USA"): ("+12125550123", None),
    ("+1 212 555 0123", "United Kingdom"): ("+12125550123", None),
    ("555-0123", "USA"): (None, None),
    ("030 901820", None): (None, None),
    ("+49 30 901820", None): ("+4930901820", None),
    ("00000000000", "United Kingdom"): (None, None),
    ("123456789", "United Kingdom"): (None, None),
    ("+86 111 1111 1111", "China"): (None, None),
    ("13800138000", "China"): (None, None),
    ("ask for Ann", "United Kingdom"): (None, None),
    ("123", "United Kingdom"): (None, None),
    ("+999 123 4567", "United Kingdom"): (None, None),
}
# code and country: cleaned, is valid
TAX_CODES: dict[tuple[str, str | None], tuple[str | None, bool | None]] = {
    ("91350211M000100Y46", "China"): ("91350211M000100Y46", True),
    ("91350211m000100y46 ", "中国"): ("91350211M000100Y46", True),
    ("91350211M000100Y47", "China"): (None, False),
    ("91350211M0001O0Y46", "China"): (None, False),
    ("91350211M000100Y46", "United Kingdom"): ("91350211M000100Y46", True),
    ("91350211M000100Y47", "United Kingdom"): (None, False),
    ("360426199101010071", "China"): ("360426199101010071", True),
    ("360426199101010072", "China"): (None, False),
    ("GB 980 7806 84", "United Kingdom"): ("GB980780684", True),
    ("980780684", "UK"): ("GB980780684", True),
    ("GB980780684", None): ("GB980780684", True),
    ("GB000123456", "United Kingdom"): (None, False),
    ("SC123456", "Scotland"): ("GBSC123456", None),
    ("DE 136,695 976", "Germany"): ("DE136695976", True),
    ("136695976", "Germany"): ("DE136695976", True),
    ("DE136695976", "United Kingdom"): ("DE136695976", True),
    ("136695978", "Germany"): (None, False),
    ("91-1144442", "USA"): ("US911144442", True),
    ("FR 40 303 265 045", "France"): ("FR40303265045", True),
    ("303 265 045", "France"): ("FR303265045", True),
    ("X-7741", "Bolivia"): ("BOX7741", None),
    ("X-7741", None): ("X7741", None),
    ("000000000", "United Kingdom"): (None, None),
    ("n/a", "United Kingdom"): (None, None),
    ("pending", "China"): (None, None),
}
# line and country: street key, house number
STREETS: dict[str, tuple[str | None, str | None]] = {
    "12 Mill Road": ("mill road", "12"),
    "12, Mill Rd.": ("mill road", "12"),
    "12a Mill Rd": ("mill road", "12a"),
    "Flat 3, 12 Mill Road": ("mill road", "12"),
    "Mill House, 12 Mill Road": ("mill road", "12"),
    "12-14 St James St, Old Town": ("st james street", "12-14"),
    "Hauptstraße 5": ("haupt street", "5"),
    "Haupt-Str. 5 b": ("haupt street", "5b"),
    "Rue de Rivoli 12": ("street de rivoli", "12"),
    "中山路123号": ("zhongshan road", "123"),
    "中山路 123弄5号201室": ("zhongshan road", "5"),
    "Zhongshan Lu 123": ("zhongshan road", "123"),
    "The Old Mill": ("the old mill", None),
}
PLACES: Cases = [
    (
        {"city": "上海市", "postal_code": "200 000", **CN},
        {"city_key": "shanghai", "postal_code_key": "200000", "country_code": "CN"},
    ),
    (
        {"city": " Shanghai", "postal_code": "sw1a-1aa", **GB},
        {"city_key": "shanghai", "postal_code_key": "SW1A1AA", "country_code": "GB"},
    ),
    (
        {"city": "Köln", "postal_code": "00000", **DE},
        {"city_key": "koln", "postal_code_key": None, "country_code": "DE"},
    ),
    ({"city": "市", **US}, {"city_key": "shi", "country_code": "US"}),
    ({"country": "Atlantis"}, {"country_code": None}),
    ({"country": "Côte d’Ivoire"}, {"country_code": "CI"}),
    ({"country": "Росія"}, {"country_code": None}),
    ({"country": "Россия"}, {"country_code": "RU"}),
]
DATES_AND_CARDS: Cases = [
    ({"birth_date": dt.date(1984, 2, 29)}, {"clean_birth_date": dt.date(1984, 2, 29)}),
    ({"birth_date": dt.date(1900, 1, 1)}, {"clean_birth_date": None}),
    (
        {"birth_date": dt.date(1984, 2, 29), "customer_type": "organisation"},
        {"clean_birth_date": None},
    ),
    ({"loyalty_card_id": "m-0000 0051"}, {"loyalty_card_key": "M00000051"}),
    ({"loyalty_card_id": "0000"}, {"loyalty_card_key": None}),
    (
        {"full_name": None},
        {"name_key": None, "clean_email": None, "is_role_email": None, "is_tax_code_valid": None},
    ),
]

ALL: Cases = [
    *(
        (
            {"full_name": name, "customer_type": None},
            {
                "full_name": name,
                "clean_full_name": shown,
                "given_name_key": given,
                "family_name_key": family,
                "name_key": key,
            },
        )
        for name, (shown, given, family, key) in NAMES.items()
    ),
    *PARTS,
    *(
        (
            {"full_name": name, "customer_type": declared},
            {"customer_type": kind, "legal_form": form, "name_key": key},
        )
        for (name, declared), (kind, form, key) in ORGANISATIONS.items()
    ),
    *(
        (
            {"email": email},
            {"clean_email": cleaned, "is_role_email": role, "is_placeholder_email": placeholder},
        )
        for email, (cleaned, role, placeholder) in EMAILS.items()
    ),
    *(
        (
            {"phone": phone, "mobile": phone, "fax": phone, "country": country},
            {
                "phone": phone,
                "phone_e164": cleaned,
                "mobile_e164": cleaned,
                "fax_e164": cleaned,
                "phone_extension": extension,
            },
        )
        for (phone, country), (cleaned, extension) in PHONES.items()
    ),
    *(
        (
            {"tax_code": code, "country": country},
            {"tax_code": code, "clean_tax_code": cleaned, "is_tax_code_valid": valid},
        )
        for (code, country), (cleaned, valid) in TAX_CODES.items()
    ),
    *(
        ({"address_line": line}, {"street_key": street, "house_number": number})
        for line, (street, number) in STREETS.items()
    ),
    *PLACES,
    *DATES_AND_CARDS,
]


def versions(rows: Sequence[Row]) -> pa.Table:
    """Current versions of records, one per row, numbered from 0."""
    kinds = {"date": pa.date32(), "bigint": pa.int64(), "boolean": pa.bool_()}
    columns = {
        column.name: pa.array(
            [row.get(column.name) for row in rows], kinds.get(column.data_type, pa.string())
        )
        for column in load_feeds()["customers"].columns
    }
    numbers = pa.array([row.get("record_key", place) for place, row in enumerate(rows)])
    given = {"is_current": True, "is_withdrawn": False}
    flags = {
        name: pa.array([row.get(name, value) for row in rows]) for name, value in given.items()
    }
    return pa.table(
        {
            **columns,
            **flags,
            "record_key": numbers.cast(pa.int64()),
            "customer_id": numbers.cast(pa.string()),
            "system": pa.repeat("s", len(rows)).cast(pa.string()),
            "load_id": numbers.cast(pa.int64()),
            "source_line_number": numbers.cast(pa.int64()),
            "trust_rank": pa.repeat(50, len(rows)).cast(pa.int32()),
        }
    )


def records(warehouse: Warehouse) -> list[dict[str, Any]]:
    """All cleaned records in the order of their keys."""
    warehouse.build("customer_records")
    relation = warehouse.project.node("customer_records").relation
    found = warehouse.con.execute(f"select * from {relation} order by record_key")
    return found.to_arrow_table().to_pylist()


@pytest.fixture(scope="module")
def cleaned(project: Project) -> list[dict[str, Any]]:
    """All cases, cleaned in one run."""
    given = {"customer_record_versions": versions([row for row, _ in ALL])}
    return records(Warehouse(project, given))


@pytest.mark.parametrize(
    "case", range(len(ALL)), ids=lambda case: " ".join(map(str, ALL[case][0].values()))
)
def test_a_record_is_cleaned_as_its_case_says(cleaned: list[dict[str, Any]], case: int) -> None:
    delivered, expected = ALL[case]
    assert {name: cleaned[case][name] for name in expected} == expected, delivered


def test_the_order_of_records_changes_nothing(
    project: Project, cleaned: list[dict[str, Any]]
) -> None:
    table = versions([row for row, _ in ALL])
    shuffled = table.take(list(range(table.num_rows))[::-1])
    assert records(Warehouse(project, {"customer_record_versions": shuffled})) == cleaned


def test_only_current_records_that_are_not_withdrawn_are_cleaned(project: Project) -> None:
    rows = [{}, {"is_current": False}, {"is_withdrawn": True}]
    warehouse = Warehouse(project, {"customer_record_versions": versions(rows)})
    assert [record["record_key"] for record in records(warehouse)] == [0]


def test_without_records_all_is_empty_and_typed(project: Project) -> None:
    warehouse = Warehouse(project, {"customer_record_versions": versions([])})
    assert records(warehouse) == []
    for name in ("customer_records", "cleaned_texts"):
        relation = project.node(name).relation
        described = warehouse.con.execute(f"describe {relation}").fetchall()
        assert {kind for _, kind, *_ in described}.isdisjoint({'"NULL"', "INTEGER[]"})


def test_ids_named_become_the_keys_of_their_records(project: Project) -> None:
    rows = [{"parent_customer_id": "7", "organisation_id": "8"}, {}]
    warehouse = Warehouse(project, {"customer_record_versions": versions(rows)})
    named, nobody = records(warehouse)
    keys = [
        int(warehouse.con.execute("select md5($1)", [f"s|{name}"]).fetchone()[0][:15], 16)
        for name in "78"
    ]
    assert [named["parent_record_key"], named["organisation_record_key"]] == keys
    assert nobody["parent_record_key"] is nobody["organisation_record_key"] is None


def test_the_data_tests_of_cleaning_hold_and_can_fail(project: Project) -> None:
    warehouse = Warehouse(project, {"customer_record_versions": versions([row for row, _ in ALL])})
    for model in ("customer_records", "cleaned_texts", *SEEDS):
        for test in project.tests_of(model):
            node = project.node(test)
            if {project.nodes[parent].name for parent in node.parents} == {model}:
                assert warehouse.failures(test) == 0, test
    relation = project.node("cleaned_texts").relation
    warehouse.con.execute(f"insert into {relation} select * from {relation} limit 1")
    (grain,) = (test for test in project.tests_of("cleaned_texts") if "unique_grain" in test)
    assert warehouse.failures(grain) == 1


SEEDS = (
    "country_words",
    "han_surnames",
    "legal_forms",
    "name_particles",
    "name_titles",
    "placeholder_values",
    "road_words",
    "role_mailboxes",
)
WORDS = (
    ("country_words", "country_word"),
    ("legal_forms", "written"),
    ("name_particles", "particle"),
    ("road_words", "road_word"),
)


@pytest.mark.parametrize(("seed", "column"), WORDS)
def test_words_of_seeds_stand_in_the_form_in_which_they_are_looked_up(
    project: Project, seed: str, column: str
) -> None:
    warehouse = Warehouse(project)
    relation = project.node(seed).relation
    words = [word for (word,) in warehouse.build(seed).con.execute(
        f"select distinct {column} from {relation}"
    ).fetchall()]  # fmt: skip
    given = versions([{"city": word} for word in words])
    contacts = Warehouse(project, {"customer_record_versions": given})
    found = contacts.table("int_customer_contacts__cleaned")["city_words"]
    assert sorted(found) == sorted(words)


PLACEHOLDERS = pa.table({"kind": ["phone", "tax_code"], "value": ["0+|1+", "0+"]})
SURNAMES = pa.table({"surname": ["单"], "reading": ["shan"]})
WANTED = pa.table(
    {
        "kind": ["phone", "tax_code", "han_surname", "han_text"],
        "written": ["020 7946 0123", "GB980780684", "单", "单位"],
        "country_code": ["GB", "GB", "", ""],
    }
)


def texts(
    *, known: pa.Table | None = None, placeholders: pa.Table = PLACEHOLDERS,
    surnames: pa.Table = SURNAMES,
) -> pa.Table:  # fmt: skip
    return clean(WANTED, known, placeholders, surnames)


def told(table: pa.Table, column: str = "value") -> dict[str, Any]:
    return dict(zip(table["kind"].to_pylist(), table[column].to_pylist(), strict=True))


def marked(table: pa.Table) -> pa.Table:
    """The same rows with a value that no library makes: kept rows are told from new ones."""
    place = table.column_names.index("value")
    return table.set_column(place, "value", pa.array(["kept"] * table.num_rows))


def test_a_character_is_read_otherwise_as_a_surname() -> None:
    assert told(texts()) == {
        "han_surname": "shan",
        "han_text": "danwei",
        "phone": "+442079460123",
        "tax_code": "GB980780684",
    }


def test_what_was_cleaned_before_is_not_cleaned_again() -> None:
    assert set(told(texts(known=marked(texts()))).values()) == {"kept"}


def test_texts_that_nobody_has_any_more_go() -> None:
    gone = texts().slice(0, 1).set_column(1, "written", pa.array(["李"]))
    known = pa.concat_tables([texts(), gone])
    assert known.num_rows == 5
    assert texts(known=known).equals(texts())


def test_a_changed_list_cleans_anew_what_rests_on_it_and_nothing_else() -> None:
    known = marked(texts())
    more = pa.table({"kind": ["phone"], "value": ["2+"]})
    others = pa.table({"surname": ["单"], "reading": ["dan"]})
    phones = texts(known=known, placeholders=pa.concat_tables([PLACEHOLDERS, more]))
    assert [kind for kind, value in told(phones).items() if value != "kept"] == ["phone"]
    surnames = told(texts(known=known, surnames=others))
    assert [kind for kind, value in surnames.items() if value != "kept"] == ["han_surname"]
    assert surnames["han_surname"] == "dan"


def test_another_version_of_a_library_cleans_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    known = marked(texts())
    versions_now = cleaning.version
    monkeypatch.setattr(
        cleaning, "version", lambda name: "0" if name == "phonenumbers" else versions_now(name)
    )
    again = told(texts(known=known))
    assert [kind for kind, value in again.items() if value != "kept"] == ["phone"]


def test_no_texts_give_an_empty_table_and_load_no_library() -> None:
    code = (
        "import sys; from crm.identity.cleaning import clean, CLEANED;"
        "empty = CLEANED.empty_table();"
        "assert clean(empty, None, empty, empty).schema == CLEANED;"
        "print(sorted({'phonenumbers', 'stdnum', 'pypinyin'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("value", ["(", r"(\d)\1+"])
def test_a_placeholder_that_cannot_be_used_is_told(value: str) -> None:
    wrong = pa.table({"kind": ["phone"], "value": [value]})
    with pytest.raises(UnreadablePlaceholderError, match="the seed of placeholders"):
        texts(placeholders=wrong)


@pytest.mark.parametrize(
    ("text", "country_code", "fault"),
    [
        ("00000", "GB", "placeholder"),
        ("ask Ann", "GB", "not_a_number"),
        ("123", "GB", "too_short"),
        ("020 7946 0123 4567", "GB", "too_long"),
        ("020 7946 0123", "", "no_country"),
        ("+999 7946 0123", "GB", "unknown_country_code"),
        ("555-0123", "US", "no_area_code"),
    ],
)
def test_a_number_that_is_none_says_why(text: str, country_code: str, fault: str) -> None:
    wanted = pa.table({"kind": ["phone"], "written": [text], "country_code": [country_code]})
    (row,) = clean(wanted, None, PLACEHOLDERS, SURNAMES).to_pylist()
    assert (row["value"], row["fault"]) == (None, fault)


@pytest.mark.parametrize(
    ("text", "is_valid"), [("020 7946 0123", True), ("+86 100 1234 5678", False)]
)
def test_whether_the_plan_knows_a_number_is_told_beside_it(text: str, is_valid: bool) -> None:
    wanted = pa.table({"kind": ["phone"], "written": [text], "country_code": ["GB"]})
    (row,) = clean(wanted, None, PLACEHOLDERS, SURNAMES).to_pylist()
    assert (row["value"] is not None, row["is_valid"]) == (True, is_valid)
