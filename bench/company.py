"""The company of the benchmark: order lines and nothing else, a file a month, any number of them.

Not the sample company (`crm/sample/`), which is of every feed and takes minutes where this takes
seconds. What the company is like stands in `company.sql`.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import duckdb

import crm.sample

FIRST_DAY = dt.date(2023, 7, 1)
NEXT_DAY = dt.date(2026, 6, 15)
INCREMENT = 1000  # the next day has a line for so many of the history
_DRAWS = Path(crm.sample.__file__).with_name("draws.sql")


def write(lines: int, history: Path, next_day: Path) -> None:
    """Write about `lines` order lines of three years, and a thousandth more of the day after.

    The history is one Parquet file a month in the folder `history`, the day one file in `next_day`;
    `lines` decides every value. Orders are whole, customers a twentieth of the lines.
    """
    for folder in (history, next_day):
        folder.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute(_DRAWS.read_text(encoding="utf-8"))
        days = (NEXT_DAY - FIRST_DAY).days
        for name, value in (("seed", 1), ("lines", lines), ("days", days)):
            con.execute(f"set variable {name} = {value}::bigint")
        con.execute(f"set variable first_day = date '{FIRST_DAY}'")
        con.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        starts = [_first_line(con, month) for month in _months()] + [_first_line(con, NEXT_DAY)]
        for month, first, last in zip(_months(), starts, starts[1:], strict=False):
            _copy(con, first, last, history / f"transactions_{month:%Y_%m}.parquet")
        end = starts[-1] + max(1, lines // INCREMENT)
        _copy(con, starts[-1], end, next_day / f"transactions_{NEXT_DAY:%Y_%m_%d}.parquet")


def _months() -> list[dt.date]:
    """The first days of the history's months."""
    numbers = range(FIRST_DAY.year * 12 + FIRST_DAY.month - 1, NEXT_DAY.year * 12 + NEXT_DAY.month)
    return [dt.date(number // 12, number % 12 + 1, 1) for number in numbers]


def _first_line(con: duckdb.DuckDBPyConnection, day: dt.date) -> int:
    query = f"select first_line_of(first_order_on({(day - FIRST_DAY).days}))"
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _copy(con: duckdb.DuckDBPyConnection, first: int, last: int, target: Path) -> None:
    path = str(target).replace("'", "''")
    con.execute(
        f"copy (from lines_between({first}, {last})) to '{path}' (format parquet, compression zstd)"
    )


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
