"""How well duplicates are found where the truth is known, and that the seeds say so."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pytest
from harness import Project, Warehouse

from crm.contracts import load_tables
from crm.identity import benchmarks, training
from crm.identity.benchmarks import Labelled, Result
from crm.lake.ingestion import ingest
from crm.sample import write_sample
from crm.settings import Settings

# Precision and recall. Plain Splink, untuned, reaches 0.9995 and 0.985 on febrl 3.
FLOORS = {
    "febrl_3": (0.9998, 0.9855),
    "febrl_4": (0.9998, 0.991),
    "sample_2000_seed_2": (0.95, 0.98),
}


def stored() -> dict[str, dict[str, str]]:
    """The rows of the seed, as text."""
    with benchmarks.RESULTS_FILE.open(encoding="utf-8", newline="") as file:
        return {row["benchmark"]: row for row in csv.DictReader(file)}


def check(result: Result) -> None:
    """What was measured now is what the seed says, and good enough."""
    assert {name: str(value) for name, value in asdict(result).items()} == stored()[
        result.benchmark
    ]
    precision, recall = FLOORS[result.benchmark]
    assert result.precision >= precision
    assert result.recall >= recall


@pytest.mark.parametrize("number", [3, 4])
def test_public_duplicates_are_found_as_the_seed_says(number: int):
    check(benchmarks.measure(benchmarks.febrl(number)))


def test_the_planted_duplicates_of_a_company_are_found_as_the_seed_says(
    tmp_path: Path, project: Project
):
    settings = Settings(home=tmp_path, settle_seconds=0)
    write_sample(settings, "synthetic", None, 2000, 4000, 2)
    for folder in (settings.landing / "standard").iterdir():
        if folder.name != "customers":
            for file in folder.iterdir():
                file.unlink()
    ingest(settings, load_tables(settings), dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    warehouse = Warehouse(project)
    warehouse.register_raw(settings)
    warehouse.build("customer_links")
    check(benchmarks.company(warehouse.con, tmp_path / "truth", "build.identity.customer_links"))


def test_training_again_writes_the_same_weights_byte_for_byte(tmp_path: Path):
    version = training.train(file=tmp_path / "weights.csv")
    assert (tmp_path / "weights.csv").read_bytes() == training.WEIGHTS_FILE.read_bytes()
    assert version == benchmarks.seed("match_weights")["model_version"][0].as_py()


def test_training_on_other_data_writes_other_weights(tmp_path: Path):
    version = training.train([benchmarks.febrl(1)], tmp_path / "weights.csv", 20_000)
    assert version != benchmarks.seed("match_weights")["model_version"][0].as_py()


def test_precision_and_recall_are_counted_over_pairs():
    truth = pa.table({"record_key": [1, 2, 3, 4, 5], "entity": ["a", "a", "a", "b", "c"]})
    labelled = Labelled("by hand", truth.select(["record_key"]), truth)
    found = pa.table({"record_key": [1, 2, 3, 4], "cluster_key": [1, 1, 3, 3]})
    result = benchmarks.compare(labelled, found, 0.95, "w1")
    assert (result.true_pairs, result.found_pairs, result.right_pairs) == (3, 2, 1)
    assert (result.precision, result.recall, result.f1) == (0.5, 0.333333, 0.4)
    alike = pa.table({"record_key": [1, 2, 3], "cluster_key": [1, 1, 1]})
    perfect = benchmarks.compare(labelled, alike, 0.95, "w1")
    assert (perfect.precision, perfect.recall, perfect.f1) == (1, 1, 1)


def test_febrl_has_the_true_pairs_that_its_authors_planted():
    nothing = pa.table({"record_key": [0], "cluster_key": [0]})
    planted = {
        number: benchmarks.compare(benchmarks.febrl(number), nothing, 0.95, "w1").true_pairs
        for number in (1, 2, 3, 4)
    }
    assert planted == {1: 500, 2: 1934, 3: 6538, 4: 5000}


def test_results_are_written_anew_and_others_stay(tmp_path: Path):
    file = tmp_path / "results.csv"
    one = Result("x", 3, 2, 2, 1, 0.5, 0.5, 0.5, 0.95, "w1")
    benchmarks.write_results([one, replace(one, benchmark="y")], file)
    benchmarks.write_results([replace(one, model_version="w2")], file)
    assert file.read_text(encoding="utf-8").splitlines() == [
        ",".join(next(iter(stored().values()))),
        "x,3,2,2,1,0.5,0.5,0.5,0.95,w2",
        "y,3,2,2,1,0.5,0.5,0.5,0.95,w1",
    ]
