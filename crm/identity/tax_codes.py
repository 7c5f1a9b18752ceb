"""Tax and registration codes in one normal form, checked by their country's rules.

Not a register: a code that follows its rule may still be nobody's.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from types import ModuleType
from typing import cast

from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import cif, dni, nie
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, ValidationError
from stdnum.fr import siren, siret
from stdnum.gb import utr
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.us import tin
from stdnum.util import get_cc_module

from crm.identity.cleaned_value import CleanedValue

# What a country has beside the codes that the library lists as its VAT, business or personal one.
_FURTHER: Mapping[str, tuple[ModuleType, ...]] = {
    "CN": (ric,),
    "DE": (idnr,),
    "ES": (cif, dni, nie),
    "FR": (siren, siret),
    "GB": (utr,),
    "IT": (codicefiscale,),
    "NL": (bsn,),
    "US": (tin,),
}
_LISTED = ("vat", "businessid", "personalid")
# The prefix of a VAT number, where it is not the country's code.
_PREFIXES = {"EL": "GR", "XI": "GB"}
# Codes that only their country has: they need no prefix to be told from another country's.
_BARE = ("cn.uscc", "cn.ric")
_LEAST_LENGTH = 5
_CHINESE_LENGTH = 18
# The form of a unified social credit code 统一社会信用代码, whatever the record's country.
_CHINESE_FORM = re.compile("[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}")


def clean_tax_code(text: str, country_code: str, placeholders: re.Pattern[str]) -> CleanedValue:
    """A code as upper-case letters and digits, before it the country's code where it needs one.

    True is a code that some rule of its country accepts, false one that has a rule's form and fails
    its check, null one whose form no rule knows (a company number of a small register). Only a
    text that is no code at all has no value. `placeholders` match the whole code.
    """
    code = _letters_and_digits(text)
    if placeholders.fullmatch(code):
        return CleanedValue(fault="placeholder")
    if len(code) < _LEAST_LENGTH or not any(sign.isdigit() for sign in code):
        return CleanedValue(fault="not_a_code")
    refused: CleanedValue | None = None
    prefix = _PREFIXES.get(code[:2], code[:2])
    home = "CN" if _CHINESE_FORM.fullmatch(code) else country_code or prefix
    for country in dict.fromkeys((prefix, country_code, home)):
        for name, rule in _rules(country):
            try:
                number = str(rule.validate(code))
            except (InvalidChecksum, InvalidComponent):
                fault = "check_digit"
            except InvalidFormat:
                # Eighteen signs are one of China's two codes or a misspelt one.
                if not (country == "CN" and len(code) == _CHINESE_LENGTH):
                    continue
                fault = "form"
            except ValidationError:
                continue
            else:
                return CleanedValue(_in_full(number, country, name), is_valid=True, rule=name)
            # A prefix may be part of another country's code: it accepts, it does not refuse.
            if refused is None and country == home:
                value = _in_full(code, country, name)
                refused = CleanedValue(value, is_valid=False, fault=fault, rule=name)
    return refused or CleanedValue(_in_full(code, country_code, ""), is_valid=None)


def _in_full(number: str, country: str, rule: str) -> str:
    if rule in _BARE or number.startswith(country):
        return number
    return f"{country}{number}"


def _letters_and_digits(text: str) -> str:
    """Half-width and upper-case. & and Ñ are letters of Mexican codes."""
    return re.sub(r"[^0-9A-Z&Ñ]", "", unicodedata.normalize("NFKC", text).upper())


@functools.cache
def _rules(country: str) -> tuple[tuple[str, ModuleType], ...]:
    """The rules of a country by name, none where the library has none."""
    if not re.fullmatch("[A-Z]{2}", country):
        return ()
    listed = (get_cc_module(country, kind) for kind in _LISTED)
    modules = [cast("ModuleType", module) for module in listed if module is not None]
    modules += _FURTHER.get(country, ())
    named = {module.__name__.removeprefix("stdnum."): module for module in modules}
    return tuple(named.items())
