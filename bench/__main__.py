"""`make bench`: runs the benchmark of one size after the other and writes docs/performance.md."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from bench import report
from bench.measuring import measure
from bench.processes import BenchError
from crm.settings import PROJECT_ROOT

_DOCUMENT = PROJECT_ROOT / "docs" / "performance.md"
_SIZES = (1_000_000, 10_000_000)


def main() -> None:
    """Every size's section is written as soon as it is measured. Exits with 1 on a failure."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("lines", nargs="*", type=int, default=_SIZES, help="order lines")
    parser.add_argument("--folder", type=Path, default=PROJECT_ROOT / "data" / "bench")
    parser.add_argument("--peers", type=Path, default=PROJECT_ROOT / ".venv-bench")
    parser.add_argument("--document", type=Path, default=_DOCUMENT, help="what is written to")
    chosen = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("CRM_")]:
        del os.environ[name]  # the settings of whoever asks are not what is measured
    words = Console(stderr=True, highlight=False)
    try:
        for lines in chosen.lines:
            found = measure(lines, chosen.folder.resolve(), chosen.peers / "bin" / "python", words)
            section = report.section(found)
            text = chosen.document.read_text(encoding="utf-8")
            chosen.document.write_text(report.placed(text, lines, section), encoding="utf-8")
            print(section)
    except BenchError as error:
        words.print(f"{error.cause}\n{error.fix}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
