"""Han characters as pinyin in lower-case letters, without tones.

Not a translation, and no guess at Japanese or Cantonese readings: all is read as in Mandarin.
"""

from __future__ import annotations

from collections.abc import Mapping

from pypinyin import lazy_pinyin

# ü is typed v; passports and old spellings have u, and it is u that a name without marks has.
_TYPED = {"lv": "lu", "nv": "nu", "lve": "lue", "nve": "nue"}


def romanised(text: str) -> str:
    """Each run of Han characters as one word; what is no Han character stays as it is."""
    return "".join(_TYPED.get(syllable, syllable) for syllable in lazy_pinyin(text))


def romanised_surname(surname: str, readings: Mapping[str, str]) -> str:
    """A surname as surnames are read (单 is Shan, not Dan), else as the dictionary reads it."""
    return readings.get(surname) or romanised(surname)
