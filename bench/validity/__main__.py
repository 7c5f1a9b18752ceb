"""`make validity`: builds the data sets and writes what the stages are worth to docs/."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from bench.processes import BenchError
from bench.validity import homes, page
from crm.settings import PROJECT_ROOT

_DOCUMENT = PROJECT_ROOT / "docs" / "lifecycle-validity.md"
_HOMES = PROJECT_ROOT / "data" / "validity"
_BESIDE = PROJECT_ROOT.parent / "shared" / "data"
_REAL_DATA = Path(os.environ.get("CRM_REAL_DATA", _BESIDE))  # as the tests have it


def main() -> None:
    """Writes nothing unless all was measured. Exits with 1 on a failure."""
    parser = argparse.ArgumentParser(prog="validity", description=__doc__)
    parser.add_argument("--homes", type=Path, default=_HOMES, help="warehouses, kept")
    parser.add_argument("--real-data", type=Path, default=_REAL_DATA, help="the public data sets")
    parser.add_argument("--document", type=Path, default=_DOCUMENT, help="what is written to")
    chosen = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]  # the settings of whoever asks are not what is measured
    words = Console(stderr=True, highlight=False)
    try:
        found = {}
        for data in homes.DATA_SETS:
            home = homes.built(data, chosen.homes.resolve(), chosen.real_data.resolve(), words)
            words.print(f"{data.title}: measuring …")
            found[data] = homes.measured(data, home)
    except BenchError as error:
        words.print(f"{error.cause}\n{error.fix}", style="red", markup=False)
        sys.exit(1)
    text = chosen.document.read_text(encoding="utf-8")
    chosen.document.write_text(page.placed(text, found), encoding="utf-8")
    chosen.document.with_suffix(".svg").write_text(page.drawn(found), encoding="utf-8")


if __name__ == "__main__":
    main()
