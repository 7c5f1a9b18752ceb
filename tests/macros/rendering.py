"""The project's macros rendered as dbt does, without dbt: milliseconds where it takes seconds.

Only for macros that need nothing of the graph. Those that read a feed's contract are tested through
the compiled models (`tests/feeds`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

MACROS = Path(__file__).resolve().parents[2] / "macros"


class Macros:
    """Macros of some files, with the engine's variants chosen as `adapter.dispatch` does."""

    def __init__(self, *files: str, engine: str = "default") -> None:
        self._engine = engine
        environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
        environment.globals.update({"return": lambda value: value, "adapter": self})
        for file in files:
            template = environment.from_string((MACROS / file).read_text(encoding="utf-8"))
            environment.globals.update(vars(template.module))
        self._known = environment.globals

    def dispatch(self, name: str, package: str) -> Any:
        """The engine's own variant of a macro, the default one where it has none."""
        assert package == "crm"
        own = self._known.get(f"{self._engine}__{name}")
        return own or self._known[f"default__{name}"]

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: str(self._known[name](*arguments, **named)).strip()
