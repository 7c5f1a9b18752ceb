"""The data sets: where they come from, how their warehouse is built, what is measured on it."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console

from bench.processes import measured as run
from bench.validity import planted, spend_falls, stages, thresholds
from bench.validity.planted import Planted
from bench.validity.spend_falls import SpendFalls
from bench.validity.stages import Outcomes
from bench.validity.thresholds import Choice, Rule
from crm.settings import PROJECT_ROOT

_SETTINGS = PROJECT_ROOT / "seeds" / "lifecycle" / "lifecycle_settings.csv"
_OTHER_RULES = (Rule(3.0), Rule(2.0, with_one_time=True))


@dataclass(frozen=True)
class DataSet:
    """A data set: how `crm sample` gets it, and what the page says of it."""

    name: str
    title: str
    about: str
    sample: tuple[str, ...]
    folder: str = ""
    currency: str = "GBP"


@dataclass(frozen=True)
class Validity:
    """All that was measured on one data set.

    `spend_falls` are by the months after which they are looked at, each against all others of the
    decile and against those who could have been flagged. `restaged` is by other rules, `planted` by
    the rule of the settings first.
    """

    as_of: dt.date
    version: str
    lines: int
    customers: int
    all: Outcomes
    half_years: Mapping[str, Outcomes]
    truncated: Mapping[bool, Outcomes]
    spend_falls: Mapping[int, tuple[SpendFalls, SpendFalls | None]]
    choices: Sequence[Choice]
    restaged: Mapping[Rule, Outcomes]
    planted: Mapping[Rule, Planted]


DATA_SETS = (
    DataSet(
        "online_retail_ii",
        "Online Retail II",
        "A British wholesaler of gifts, December 2009 to December 2011. The history begins in the "
        "middle of the business: whoever bought in the first 90 days is left-truncated.",
        ("--dataset", "online-retail-ii"),
        "online_retail_ii",
    ),
    DataSet(
        "cdnow",
        "CDNOW",
        "Buyers of music who all came in the first quarter of 1997, to June 1998. The first "
        "purchase is known to be the first. Eighteen months are too short for decline by spend, "
        "and until six months before their end nobody has ended.",
        ("--dataset", "cdnow"),
        "cdnow",
        "USD",
    ),
    DataSet(
        "synthetic",
        "The made-up company",
        "`crm sample --customers 5000 --orders 60000 --seed 1`, January 2024 to June 2026. Its "
        "figures say whether the rules find what was planted, and nothing about real customers.",
        ("--customers", "5000", "--orders", "60000", "--seed", "1"),
    ),
)


def built(data: DataSet, homes: Path, real_data: Path, words: Console) -> Path:
    """The home of a data set, sampled where it is new and brought up to date.

    Raises `BenchError` when a command fails.
    """
    home = homes / data.name
    command = str(Path(sys.executable).with_name("crm"))
    environment = {
        "CRM_HOME": str(home),
        "CRM_SETTLE_SECONDS": "0",
        "CRM_REPORTING_CURRENCY": data.currency,
    }
    if not (home / "landing").exists():
        source = ("--from", str(real_data / data.folder)) if data.folder else ()
        run([command, "sample", *data.sample, *source], environment)
    words.print(f"{data.title}: building …")
    run([command, "build"], environment)
    return home


def measured(data: DataSet, home: Path) -> Validity:
    """Every figure of a built home. Raises `BenchError` where published tables contradict it."""
    with _SETTINGS.open(encoding="utf-8", newline="") as file:
        settings = {row["business_unit"]: row for row in csv.DictReader(file)}["*"]
    later = int(settings["backtest_months"])
    truth = home / "truth"
    with duckdb.connect(home / "published" / "marts.duckdb", read_only=True) as con:
        rows = stages.followed(con, later)
        half_years = (
            rows["month_end"].dt.year.astype(str)
            + " H"
            + ((rows["month_end"].dt.month + 5) // 6).astype(str)
        )
        as_of, lines, customers = con.execute(
            "select any_value(as_of_date), (select count(*) from core.fct_order_lines), "
            "(select count(distinct customer_key) from lifecycle.lifecycle_customers "
            "where occasions > 0) from core.clock"
        ).fetchall()[0]
        restaged, told = {}, {}
        if truth.is_dir():
            told[Rule(float(settings["overdue_ratio"]))] = planted.measured(con, truth)
        for rule in _OTHER_RULES:
            thresholds.restage(con, settings, rule)
            restaged[rule] = stages.outcomes(stages.followed(con, later, thresholds.RESTAGED))
            if truth.is_dir():
                told[rule] = planted.measured(con, truth, thresholds.RESTAGED)
        return Validity(
            as_of=as_of,
            version=(home / "published" / "current").resolve().name,
            lines=lines,
            customers=customers,
            all=stages.outcomes(rows),
            half_years={name: stages.outcomes(part) for name, part in rows.groupby(half_years)},
            truncated={
                bool(name): stages.outcomes(part)
                for name, part in rows.groupby("is_left_truncated")
            },
            spend_falls=_spend_falls(con, settings),
            choices=thresholds.choices(con, settings),
            restaged=restaged,
            planted=told,
        )


def _spend_falls(
    con: duckdb.DuckDBPyConnection, settings: Mapping[str, str]
) -> dict[int, tuple[SpendFalls, SpendFalls | None]]:
    """At the published distance, else at the longest at which anybody was flagged."""
    for later in range(int(settings["backtest_months"]), 0, -1):
        rows = spend_falls.judged(con, settings, later)
        found = spend_falls.compared(rows)
        if found is not None:
            return {later: (found, spend_falls.compared(rows[rows["is_eligible"]]))}
    return {}
