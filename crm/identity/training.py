"""Writes the weights of the matching model: counted on records whose truth is known, or declared.

Runs only when somebody asks for it, `crm identity train`: a build reads the seed that it writes and
never learns from the data that it links.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from crm.identity.benchmarks import Labelled, febrl
from crm.identity.comparisons import MODELS, PERSON, Comparison, Model
from crm.identity.matching import Weights, prepare, version_of
from crm.settings import PROJECT_ROOT

WEIGHTS_FILE = PROJECT_ROOT / "seeds" / "identity" / "match_weights.csv"
_HEADER = (
    *("model_version", "model", "comparison", "level"),
    *("m_probability", "u_probability", "origin"),
)
RANDOM_SEED = 20240229
RANDOM_PAIRS = 500_000
# Agreement by chance counts as no rarer than this. Who lives together agrees in the address and is
# not one person, and towns elsewhere are larger: random pairs of the training data show neither.
_RAREST = {
    ("address", "same_house"): 3e-5,
    ("address", "near"): 1e-3,
    ("address", "half"): 3e-3,
    ("address", "touching"): 1e-2,
}

# What the training data lack, by judgement: (of one customer, of two). Customers have several
# addresses to be reached at; families and offices share them.
_DECLARED: Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "person": {
        # people move; those of the training data never do
        "address": {"different": (0.01, 0.995)},
        "family_name": {"exact_chinese": (0.9, 0.05)},
        "given_name": {
            "same_characters": (0.9, 0.002),
            "initial": (0.05, 0.05),  # families like to repeat them
            "other_characters": (0.05, 0.95),
            "romanised": (0.9, 0.02),
            # counted once, at the family name
            "swapped": (0.08, 0.08),
            "half_swapped": (0.01, 0.01),
        },
        "email": {
            "exact": (0.65, 0.0005),
            "local_part": (0.05, 0.002),
            "different": (0.3, 0.9975),
        },
        "phone": {
            "exact_in_one_house": (0.35, 0.15),
            "exact": (0.3, 0.003),
            "different": (0.35, 0.847),
        },
        "loyalty_card": {"exact": (0.7, 0.0005), "different": (0.3, 0.9995)},
        "gender": {"exact": (0.985, 0.5), "different": (0.015, 0.5)},
    },
    "organisation": {
        "address": {"different": (0.05, 0.995)},
        "name": {
            "exact": (0.7, 0.001),
            "alike": (0.15, 0.0003),
            "half_the_words": (0.1, 0.02),
            "different": (0.05, 0.978),
        },
        "legal_form": {"exact": (0.9, 0.4), "different": (0.1, 0.6)},
        "email": {
            "exact": (0.4, 0.0005),
            "domain": (0.35, 0.003),
            "different": (0.25, 0.9965),
        },
        "phone": {
            "exact_in_one_house": (0.4, 0.15),
            "exact": (0.3, 0.003),
            "different": (0.3, 0.847),
        },
    },
}


def train(
    training_sets: Sequence[Labelled] | None = None,
    file: Path = WEIGHTS_FILE,
    random_pairs: int = RANDOM_PAIRS,
) -> str:
    """Write the seed of weights anew and return its version. The same input gives the same bytes.

    Training sets are by default febrl 1 and 2; 3 and 4 are kept for `crm identity evaluate`.
    """
    counted = count(training_sets or [febrl(1), febrl(2)], random_pairs)
    rows: list[tuple[str, str, str, float, float, str]] = []
    for model in MODELS:
        for comparison in model.comparisons:
            declared = _DECLARED[model.name].get(comparison.name, {})
            for level in comparison.level_names:
                m, u = declared.get(level) or counted[comparison.name, level]
                origin = "declared" if level in declared else "counted"
                rows.append((model.name, comparison.name, level, _short(m), _short(u), origin))
    weights: Weights = {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}
    version = version_of(weights)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows([version, *row] for row in rows)
    return version


def count(
    training_sets: Sequence[Labelled], random_pairs: int
) -> dict[tuple[str, str], tuple[float, float]]:
    """How often each level of the persons' model holds: (of true pairs, of random other pairs).

    Half an observation is added to each level, so that none is impossible.
    """
    truths = pa.concat_tables(item.truth for item in training_sets)
    records = pa.concat_tables(item.records for item in training_sets)
    drawn = np.random.default_rng(RANDOM_SEED).integers(0, len(records), (2, random_pairs))
    with duckdb.connect() as con:
        con.register("given_records", records)
        con.register("given_truth", truths)
        prepare(con, PERSON, "records", "given_records")
        con.execute(
            "create table true_pairs as select l.record_key as record_key_l,"
            " r.record_key as record_key_r from given_truth as l inner join given_truth as r"
            " on l.entity = r.entity and l.record_key < r.record_key"
        )
        keys = records["record_key"].to_numpy()
        drawn_pairs = pa.table({"record_key_l": keys[drawn[0]], "record_key_r": keys[drawn[1]]})
        con.register("drawn", drawn_pairs)
        con.execute(
            "create table other_pairs as select d.* from drawn as d"
            " inner join given_truth as l on d.record_key_l = l.record_key"
            " inner join given_truth as r on d.record_key_r = r.record_key"
            " where l.entity <> r.entity"
        )
        true, other = (_shares(con, PERSON, pairs) for pairs in ("true_pairs", "other_pairs"))
    return {key: (true[key], max(other[key], _RAREST.get(key, 0.0))) for key in true}


def _shares(
    con: duckdb.DuckDBPyConnection, model: Model, pairs: str
) -> dict[tuple[str, str], float]:
    sides = ", ".join(f"l.{name} as {name}_l, r.{name} as {name}_r" for name in model.columns)
    levels = ", ".join(f"{item.level_sql} as {item.name}" for item in model.comparisons)
    con.execute(
        f"create or replace temp table levels as select {levels} from (select {sides} from {pairs}"
        " as p inner join records as l on p.record_key_l = l.record_key"
        " inner join records as r on p.record_key_r = r.record_key)"
    )
    return {
        (item.name, level): share
        for item in model.comparisons
        for level, share in _level_shares(con, item).items()
    }


def _level_shares(con: duckdb.DuckDBPyConnection, comparison: Comparison) -> dict[str, float]:
    name = comparison.name
    found = dict(
        con.execute(
            f"select {name}, count(*) from levels where {name} is not null group by {name}"
        ).fetchall()
    )
    all_of_them = sum(found.values()) + 0.5 * len(comparison.level_names)
    return {level: (found.get(level, 0) + 0.5) / all_of_them for level in comparison.level_names}


def _short(number: float) -> float:
    return float(f"{number:.4g}")
