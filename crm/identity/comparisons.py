"""What of two records is compared, at which levels, and which pairs are compared at all.

The one place of the levels and blocks. How much a level weighs stands in
`seeds/identity/match_weights.csv`; nothing here reads a file or scores a pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DIFFERENT = "different"  # the level of what fits no other

# The columns of `customer_records` that the terms below read.
COMPARED = (
    "record_key",
    "customer_type",
    "family_name_key",
    "given_name_key",
    "han_name",
    "name_key",
    "legal_form",
    "gender",
    "clean_birth_date",
    "clean_tax_code",
    "clean_email",
    "email_domain",
    "is_role_email",
    "is_placeholder_email",
    "phone_e164",
    "mobile_e164",
    "loyalty_card_key",
    "street_key",
    "house_number",
    "postal_code_key",
    "city_key",
)


@dataclass(frozen=True)
class Level:
    """One degree of agreement: DuckDB SQL over `<column>_l` and `<column>_r`."""

    name: str
    condition: str


@dataclass(frozen=True)
class Comparison:
    """One thing that is compared: the first level that fits is the level of the pair.

    Where `unknown` holds it says nothing, for or against.
    """

    name: str
    unknown: str
    levels: tuple[Level, ...]

    @property
    def level_names(self) -> tuple[str, ...]:
        """From the strongest agreement to `different`."""
        return (*(level.name for level in self.levels), DIFFERENT)

    @property
    def level_sql(self) -> str:
        """The name of a pair's level, as SQL; null where something is unknown."""
        cases = " ".join(f"when {level.condition} then '{level.name}'" for level in self.levels)
        return f"case when {self.unknown} then null {cases} else '{DIFFERENT}' end"


@dataclass(frozen=True)
class Model:
    """How the records of one customer type are matched.

    `columns`: what is compared, as SQL over `customer_records`. `blocks`: a pair is compared where
    one of them holds, SQL over `l` and `r`. `refused`: pairs that are not kept however probable,
    SQL over the names of the levels.
    """

    name: str
    columns: Mapping[str, str]
    comparisons: tuple[Comparison, ...]
    blocks: tuple[str, ...]
    refused: str


def _unknown(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _exact(name: str, column: str, *more: Level) -> Comparison:
    return Comparison(name, _unknown(column), (Level("exact", f"{column}_l = {column}_r"), *more))


def _alike(left: str, right: str, similarity: float) -> str:
    """Short words must be equal: Wang and Yang are two families."""
    return (
        f"(length({left}) >= 5 and length({right}) >= 5"
        f" and (damerau_levenshtein({left}, {right}) <= 1"
        f" or jaro_winkler_similarity({left}, {right}) >= {similarity}))"
    )


def _same(*columns: str) -> str:
    return " and ".join(f"l.{column} = r.{column}" for column in columns)


def _equal_or_alike(left: str, right: str) -> str:
    return f"({left} = {right} or {_alike(left, right, 0.92)})"


_SWAPPED = Level(
    "swapped",
    f"{_equal_or_alike('family_l', 'given_r')} and {_equal_or_alike('given_l', 'family_r')}",
)
# One name stands where the other belongs, and the other is lost. Chinese names are both at once.
_HALF_SWAPPED = Level(
    "half_swapped",
    "coalesce(han_l, han_r) is null and (length(family_l) >= 5 and family_l = given_r"
    " or length(family_r) >= 5 and given_l = family_r)",
)
_TAX_CODE = _exact("tax_code", "tax", Level("one_sign", "damerau_levenshtein(tax_l, tax_r) = 1"))
# What agrees of an address, added up: the parts of one house all agree at once.
_ADDRESS_POINTS = (
    "(case when street_l = street_r then 3"
    " when jaro_winkler_similarity(street_l, street_r) >= 0.9 then 2.5"
    " when len(list_intersect(street_words_l, street_words_r))"
    " >= least(2, len(street_words_l), len(street_words_r)) then 1.5 else 0 end"
    " + case when house_l = house_r then 1 else 0 end"
    " + case when postal_l = postal_r then 1.5"
    " when damerau_levenshtein(postal_l, postal_r) = 1 then 1 else 0 end"
    " + case when city_l = city_r then 1"
    " when jaro_winkler_similarity(city_l, city_r) >= 0.88 then 0.8 else 0 end)"
)
_ADDRESS = Comparison(
    "address",
    " and ".join(_unknown(column) for column in ("street", "postal", "city")),
    (
        Level("same_house", f"{_ADDRESS_POINTS} >= 5.3"),
        Level("near", f"{_ADDRESS_POINTS} >= 3.5"),
        Level("half", f"{_ADDRESS_POINTS} >= 2.5"),
        Level("touching", f"{_ADDRESS_POINTS} >= 1.5"),
    ),
)
# A telephone stands in a house: at one address it tells little more than the address.
_PHONE = Comparison(
    "phone",
    "(len(phones_l) = 0 or len(phones_r) = 0)",
    (
        Level(
            "exact_in_one_house",
            "list_has_any(phones_l, phones_r) and street_l = street_r and house_l = house_r",
        ),
        Level("exact", "list_has_any(phones_l, phones_r)"),
    ),
)
_PLACE_COLUMNS = {
    "tax": "clean_tax_code",
    "street": "street_key",
    "street_words": "string_split(street_key, ' ')",
    "street_start": "left(street_key, 2)",
    "house": "house_number",
    "postal": "postal_code_key",
    "city": "city_key",
    "mail": (
        "case when not coalesce(is_role_email, false)"
        " and not coalesce(is_placeholder_email, false) then clean_email end"
    ),
    "mail_name": "split_part(mail, '@', 1)",
    "phone": "phone_e164",
    "mobile": "mobile_e164",
    "phones": "list_filter([phone_e164, mobile_e164], lambda p: p is not null)",
}

PERSON = Model(
    name="person",
    columns={
        "family": "family_name_key",
        "given": "given_name_key",
        "family_start": "left(family_name_key, 1)",
        "given_start": "left(given_name_key, 1)",
        "han": "han_name",
        "birth": "strftime(clean_birth_date, '%Y%m%d')",
        "birth_year": "left(birth, 4)",
        "birth_day": "right(birth, 4)",
        **_PLACE_COLUMNS,
        "card": "loyalty_card_key",
        "gender": "gender",
    },
    comparisons=(
        Comparison(
            "family_name",
            _unknown("family"),
            (
                # a few dozen names are those of most people in China
                Level(
                    "exact_chinese", "family_l = family_r and coalesce(han_l, han_r) is not null"
                ),
                Level("exact", "family_l = family_r"),
                Level("alike", _alike("family_l", "family_r", 0.93)),
                _SWAPPED,
                _HALF_SWAPPED,
                Level("akin", _alike("family_l", "family_r", 0.82)),
            ),
        ),
        Comparison(
            "given_name",
            f"({_unknown('han')} and {_unknown('given')})",
            (
                Level("same_characters", "han_l = han_r"),
                Level(
                    "initial",
                    "(length(given_l) = 1 or length(given_r) = 1)"
                    " and left(given_l, 1) = left(given_r, 1)"
                    " or starts_with(han_l, han_r) or starts_with(han_r, han_l)",
                ),
                # romanised, many share a name: other characters are another name
                Level("other_characters", "han_l <> han_r"),
                Level("romanised", "given_l = given_r and coalesce(han_l, han_r) is not null"),
                Level("exact", "given_l = given_r"),
                Level("alike", _alike("given_l", "given_r", 0.93)),
                _SWAPPED,
                _HALF_SWAPPED,
                Level("akin", _alike("given_l", "given_r", 0.82)),
            ),
        ),
        _exact(
            "birth_date",
            "birth",
            Level(
                "one_digit",
                "damerau_levenshtein(birth_l, birth_r) = 1 or birth_l ="
                " left(birth_r, 4) || right(birth_r, 2) || substr(birth_r, 5, 2)",
            ),
        ),
        _TAX_CODE,
        _ADDRESS,
        _exact("email", "mail", Level("local_part", "mail_name_l = mail_name_r")),
        _PHONE,
        _exact("loyalty_card", "card"),
        _exact("gender", "gender"),
    ),
    # each ends in few pairs however common a name, a birthday or a postal code is
    blocks=(
        _same("tax"),
        _same("birth", "given_start"),
        _same("birth", "family_start"),
        "l.birth = r.birth and l.given_start = r.family_start",
        "l.birth = r.birth and l.family_start = r.given_start",
        _same("postal", "house", "given_start"),
        _same("postal", "house", "family_start"),
        _same("postal", "family", "given_start"),
        _same("postal", "given", "family_start"),
        "l.postal = r.postal and l.given = r.family and l.family_start = r.given_start",
        "l.postal = r.postal and l.family = r.given and l.given_start = r.family_start",
        _same("postal", "street", "given_start"),
        _same("family", "house", "street_start"),
        _same("given", "house", "street_start"),
        _same("family", "given", "birth_year"),
        _same("family", "given", "birth_day"),
        _same("mail", "given_start"),
        _same("mail", "family_start"),
        _same("phone", "given_start"),
        _same("mobile", "given_start"),
        "l.phone = r.mobile and l.given_start = r.given_start",
        "l.mobile = r.phone and l.given_start = r.given_start",
        _same("card", "given_start"),
    ),
    # A household shares all but the given name and the birthday: whoever differs in one of them is
    # somebody else. Another family name is a marriage only where the house or a way to reach the
    # person is the same. Unless the person's own number says otherwise.
    refused=(
        "coalesce(tax_code, 'different') = 'different' and ("
        "given_name in ('different', 'other_characters') or birth_date = 'different'"
        " or family_name in ('different', 'akin')"
        " and coalesce(address, 'different') <> 'same_house'"
        " and coalesce(email, 'different') = 'different'"
        " and coalesce(phone, 'different') = 'different')"
    ),
)

ORGANISATION = Model(
    name="organisation",
    columns={
        "name": "name_key",
        "name_words": "string_split(name_key, ' ')",
        "name_start": "left(name_key, 4)",
        "form": "legal_form",
        **_PLACE_COLUMNS,
        "domain": "case when not coalesce(is_placeholder_email, false) then email_domain end",
    },
    comparisons=(
        Comparison(
            "name",
            _unknown("name"),
            (
                Level("exact", "name_l = name_r"),
                Level("alike", _alike("name_l", "name_r", 0.93)),
                Level(
                    "half_the_words",
                    "2 * len(list_intersect(name_words_l, name_words_r))"
                    " >= greatest(len(name_words_l), len(name_words_r))",
                ),
            ),
        ),
        _exact("legal_form", "form"),
        _TAX_CODE,
        _ADDRESS,
        Comparison(
            "email",
            f"({_unknown('mail')} and {_unknown('domain')})",
            (Level("exact", "mail_l = mail_r"), Level("domain", "domain_l = domain_r")),
        ),
        _PHONE,
    ),
    blocks=(
        _same("tax"),
        _same("name", "street"),
        _same("name", "phone"),
        _same("name", "domain"),
        _same("phone", "name_start"),
        _same("postal", "name_start"),
        _same("domain", "name_start"),
        _same("street", "house", "name_start"),
    ),
    # of two valid tax codes each belongs to an organisation of its own
    refused="name = 'different' or tax_code = 'different'",
)

MODELS = (PERSON, ORGANISATION)
