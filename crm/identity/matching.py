"""Pairs of customer records that are probably one customer, scored by Splink with stored weights.

Not here: what is compared (`comparisons.py`), where the weights come from (`training.py`), and
which pairs become links (`models/identity/customer_edges.sql`).
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from crm.errors import CrmError
from crm.identity.comparisons import MODELS, Comparison, Model

PAIRS = pa.schema(
    [
        ("record_key_l", pa.int64()),
        ("record_key_r", pa.int64()),
        ("model", pa.string()),
        ("model_version", pa.string()),
        ("probability", pa.float64()),
        ("match_weight", pa.float64()),
        ("evidence", pa.string()),
    ]
)
Weights = Mapping[tuple[str, str, str], tuple[float, float]]  # model, comparison, level: m, u


class StaleWeightsError(CrmError):
    """The seed of weights does not belong to the levels that the code compares."""


@dataclass(frozen=True)
class MatchSettings:
    """The row of the seed `match_settings`. `prior` is how probable it is that two records which
    agree in nothing that is compared are one customer; pairs below `keep_from` are not kept."""

    is_on: bool
    prior: float
    keep_from: float


@dataclass(frozen=True)
class Resources:
    """What scoring may use: memory as DuckDB writes it, such as `4GiB`; None lets DuckDB decide."""

    threads: int | None = None
    memory_limit: str | None = None


def version_of(weights: Weights) -> str:
    """A name for a set of weights together with the levels that they weigh."""
    levels = [asdict(comparison) for model in MODELS for comparison in model.comparisons]
    content = json.dumps([levels, sorted((*key, *value) for key, value in weights.items())])
    # a letter first: 750e0582 is a number to whoever guesses types
    return "w" + hashlib.sha256(content.encode()).hexdigest()[:7]


def read_weights(seed: pa.Table) -> tuple[str, Weights]:
    """The version and the weights in the rows of the seed `match_weights`.

    Raises `StaleWeightsError` where they are not those of the levels in `comparisons.py`.
    """
    rows = seed.to_pylist()
    weights = {
        (row["model"], row["comparison"], row["level"]): (
            row["m_probability"],
            row["u_probability"],
        )
        for row in rows
    }
    wanted = {
        (model.name, comparison.name, level)
        for model in MODELS
        for comparison in model.comparisons
        for level in comparison.level_names
    }
    versions = {row["model_version"] for row in rows}
    if weights.keys() != wanted or versions != {version_of(weights)}:
        amiss = sorted(".".join(key) for key in wanted ^ weights.keys())
        raise StaleWeightsError(
            "The seed match_weights does not belong to the levels that are compared"
            + (f": {', '.join(amiss)}." if amiss else "."),
            fix="Run `crm identity train` and keep the seed that it writes.",
        )
    return versions.pop(), weights


def read_settings(seed: pa.Table) -> MatchSettings:
    """The one row of the seed `match_settings`."""
    row = seed.to_pylist()[0]
    return MatchSettings(
        is_on=row["is_on"], prior=float(row["prior"]), keep_from=float(row["keep_from"])
    )


def customer_pairs(
    records: pa.Table,
    weights: pa.Table,
    settings: pa.Table,
    resources: Resources | None = None,
    changed: pa.Table | None = None,
) -> pa.Table:
    """The probable pairs among rows of `customer_records`, as `PAIRS`, ordered by their keys.

    `weights` and `settings` are the seeds. Where `changed` is given, only pairs of which one record
    or both have their `record_key` in it. A pair's probability rests on its two records alone, so
    neither other records, nor their order, nor the number of threads change it.
    """
    switches = read_settings(settings)
    if not switches.is_on or records.num_rows == 0:
        return PAIRS.empty_table()
    version, numbers = read_weights(weights)
    if changed is not None and changed.num_rows == 0:
        return PAIRS.empty_table()
    models = MODELS if changed is None else tuple(map(_of_changed, MODELS))
    with _workspace(resources or Resources()) as con:
        con.register("customer_records", records)
        if changed is not None:
            con.register("changed_records", changed)
        parts = [_pairs_of(con, model, numbers, switches) for model in models]
    pairs = pa.concat_tables(parts)
    named = pairs.append_column("model_version", pa.array([version] * len(pairs), pa.string()))
    return (
        named.select(PAIRS.names)
        .cast(PAIRS)
        .sort_by([("record_key_l", "ascending"), ("record_key_r", "ascending")])
    )


def _of_changed(model: Model) -> Model:
    """The model for pairs of which a record has changed: its blocks begin with those few."""
    is_changed = "record_key in (select record_key from changed_records)"
    return replace(
        model,
        columns={**model.columns, "is_changed": is_changed},
        blocks=tuple(f"{side}.is_changed and {block}" for block in model.blocks for side in "lr"),
    )


def prepare(con: duckdb.DuckDBPyConnection, model: Model, table: str, source: str) -> int:
    """Make a table of what a model compares of the records in `source`; returns how many."""
    columns = ", ".join(f"{term} as {name}" for name, term in model.columns.items())
    con.execute(
        f"create or replace table {table} as select record_key, {columns} from {source}"
        f" where coalesce(customer_type, 'person') = '{model.name}'"
    )
    return con.table(table).count("*").fetchall()[0][0]  # type: ignore[no-any-return]


@contextmanager
def _workspace(resources: Resources) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory of its own, so that nothing is left behind in the build's."""
    with tempfile.TemporaryDirectory() as folder:
        config: dict[str, Any] = {"temp_directory": str(Path(folder) / "spill")}
        if resources.threads:
            config["threads"] = resources.threads
        if resources.memory_limit:
            config["memory_limit"] = resources.memory_limit
        with duckdb.connect(":memory:", config=config) as con:
            con.execute("set preserve_insertion_order = false")
            yield con


def _pairs_of(
    con: duckdb.DuckDBPyConnection, model: Model, weights: Weights, settings: MatchSettings
) -> pa.Table:
    from splink import DuckDBAPI, Linker, SettingsCreator

    table = f"{model.name}_records"
    if prepare(con, model, table, "customer_records") < 2:
        return PAIRS.empty_table().drop_columns("model_version")
    created = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_key",
        probability_two_random_records_match=settings.prior,
        comparisons=[_splink_comparison(model, item, weights) for item in model.comparisons],
        blocking_rules_to_generate_predictions=[
            {"blocking_rule": block, "sql_dialect": "duckdb"} for block in model.blocks
        ],
        retain_matching_columns=True,  # the levels come with them
    )
    database = DuckDBAPI(connection=con)
    linker = Linker(database.register(table), created, log_level=None, validate_settings=False)
    # a little below, as the probability is rounded before it is judged
    lowest = math.log2(settings.keep_from / (1 - settings.keep_from)) - 0.01
    scored = linker.inference.predict(threshold_match_weight=lowest, warning_mode="never")
    levels = ", ".join(f"{_level_sql(item)} as {item.name}" for item in model.comparisons)
    evidence = ", ".join(f"'{item.name}=' || {item.name}" for item in model.comparisons)
    return con.execute(
        f"""
        with named as (
            select
                least(record_key_l, record_key_r) as record_key_l,
                greatest(record_key_l, record_key_r) as record_key_r,
                round(match_probability, 6) as probability,
                round(match_weight, 6) as match_weight,
                {levels}
            from {scored.physical_name}
        )

        select
            record_key_l,
            record_key_r,
            '{model.name}' as model,
            probability,
            match_weight,
            concat_ws('; ', {evidence}) as evidence
        from named
        where probability >= {settings.keep_from} and not coalesce({model.refused}, false)
        """
    ).to_arrow_table()


def _splink_comparison(model: Model, comparison: Comparison, weights: Weights) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": comparison.unknown,
            "label_for_charts": "unknown",
            "is_null_level": True,
        }
    ]
    conditions = [*(level.condition for level in comparison.levels), "ELSE"]
    for name, condition in zip(comparison.level_names, conditions, strict=True):
        m, u = weights[model.name, comparison.name, name]
        levels.append(
            {
                "sql_condition": condition,
                "label_for_charts": name,
                "m_probability": m,
                "u_probability": u,
            }
        )
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _level_sql(comparison: Comparison) -> str:
    """Splink numbers levels from 0, the last, upwards; -1 is unknown."""
    names = reversed(comparison.level_names)
    cases = " ".join(f"when {number} then '{name}'" for number, name in enumerate(names))
    return f"case gamma_{comparison.name} {cases} end"
