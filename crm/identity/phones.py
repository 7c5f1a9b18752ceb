"""Telephone numbers as E.164.

Not whose number it is: a shared or foreign number is the business of the rules that match records.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from crm.identity.cleaned_value import CleanedValue

# 转 and its like stand before an extension.
_EXTENSION = re.compile(r"转|轉|分机|分機|内线|內線")
# Zeros that dial abroad almost everywhere, whatever the record's own country dials.
_DIALLED_ABROAD = re.compile(r"^\W*00\s*[-.]?\s*(?=[1-9])")
_SECOND_NUMBER = re.compile(r"[/;,、；，]|\bor\b|或")

_PARSE_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country_code",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_LENGTH_FAULTS = {
    ValidationResult.INVALID_COUNTRY_CODE: "unknown_country_code",
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_LENGTH: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "no_area_code",
}


def clean_phone(text: str, country_code: str, placeholders: re.Pattern[str]) -> CleanedValue:
    """A number as E.164, read as somebody in that country writes it ('' where none is known).

    A number is kept when one of that length can be dialled. Whether the country's plan has given
    out its range is told as `is_valid` and is no condition: plans change faster than any copy of
    them, and a number that two records share is evidence all the same. `placeholders` match all
    the digits as written, or the number without its country code.
    """
    if placeholders.fullmatch(unicodedata.normalize("NFKC", "".join(filter(str.isdecimal, text)))):
        return CleanedValue(fault="placeholder")
    found, fault = _read(text, country_code)
    if found is None and (parts := _SECOND_NUMBER.split(text)) and parts[0] != text:
        found, _ = _read(parts[0], country_code)
    if found is None:
        return CleanedValue(fault=fault)
    national = phonenumbers.national_significant_number(found)
    if placeholders.fullmatch(national):
        return CleanedValue(fault="placeholder")
    return CleanedValue(
        value=f"+{found.country_code}{national}",
        is_valid=phonenumbers.is_valid_number(found),
        rule=f"+{found.country_code}",
        extension=found.extension or None,
    )


def _read(text: str, country_code: str) -> tuple[PhoneNumber | None, str | None]:
    """A number that can be dialled, or why it is none."""
    written = _DIALLED_ABROAD.sub("+", _EXTENSION.sub(" ext. ", text))
    found, fault = _parsed(written, country_code)
    if found is None and fault == "too_long" and written.strip()[:1].isdigit():
        # A country code without its plus is believed only where the plan knows the number.
        abroad, _ = _parsed(f"+{written.strip()}", country_code)
        if abroad is not None and phonenumbers.is_valid_number(abroad):
            return abroad, None
    return found, fault


def _parsed(text: str, country_code: str) -> tuple[PhoneNumber | None, str | None]:
    try:
        number = phonenumbers.parse(text, country_code or None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and "+" not in text:
            return None, "no_country"
        return None, _PARSE_FAULTS[error.error_type]
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.IS_POSSIBLE:
        return number, None
    return None, _LENGTH_FAULTS[reason]
