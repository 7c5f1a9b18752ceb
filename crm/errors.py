"""How this project fails: one message with the cause and the fix.

Specific errors live with their code.
"""

from __future__ import annotations


class CrmError(Exception):
    """Something a person must mend: `cause` says what, `fix` what to do about it."""

    def __init__(self, cause: str, *, fix: str) -> None:
        """`cause` and `fix` are whole sentences."""
        super().__init__(cause)
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        """Both sentences."""
        return f"{self.cause} {self.fix}"
