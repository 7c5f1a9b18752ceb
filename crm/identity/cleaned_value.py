"""What cleaning one text gives.

Not the cleaning: each kind of text has a module of its own beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CleanedValue:
    """`value` is null where nothing fit for a key is left, and then `fault` says why.

    `is_valid` is what an official numbering plan or check digit says, null where none is known.
    `rule` names whoever knew the text, `extension` is the part of a telephone number behind it.
    """

    value: str | None = None
    is_valid: bool | None = None
    fault: str | None = None
    rule: str | None = None
    extension: str | None = None
