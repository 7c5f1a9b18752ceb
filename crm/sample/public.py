"""Public data sets: which files each has, whose they are, and where they land.

The files are copied as they were delivered. What they mean is told by `models/staging/<system>/`;
nothing is downloaded.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from crm.sample.landed import Progress, SampleError, SampleReport, land
from crm.settings import Settings


@dataclass(frozen=True)
class PublicDataset:
    """A data set that a person has downloaded. `tables` gives the landing table of each file."""

    system: str
    source: str
    tables: Mapping[str, str]


PUBLIC: Mapping[str, PublicDataset] = {
    "online-retail-ii": PublicDataset(
        system="online_retail",
        source="Online Retail II by Daqing Chen, UCI Machine Learning Repository, data set 502, "
        "CC BY 4.0, doi 10.24432/C5CG6D",
        tables={
            "online_retail_ii_2009_2010.parquet": "transactions",
            "online_retail_ii_2010_2011.parquet": "transactions",
        },
    ),
    "cdnow": PublicDataset(
        system="cdnow",
        source="the 1/10 sample of CDNOW as shipped in the package lifetimes, MIT; to be cited as "
        "Fader & Hardie 2001",
        tables={"cdnow_sample.csv.gz": "transactions"},
    ),
    "complete-journey": PublicDataset(
        system="complete_journey",
        source="Complete Journey 2.0 as packaged in the R package completejourney, CC0",
        tables={
            "transactions_sample.parquet": "transactions",
            "products.parquet": "products",
            "demographics.parquet": "customers",
            "campaigns.parquet": "campaign_contacts",
            "campaign_descriptions.parquet": "campaigns",
            "coupons.parquet": "campaign_offers",
            "coupon_redemptions.parquet": "campaign_responses",
        },
    ),
}


def copy_public(
    settings: Settings, name: str, source: Path | None, progress: Progress
) -> SampleReport:
    """Copy the files of the data set `name` from the folder `source` into the landing folder.

    Raises `SampleError`, before anything is copied, where a file is missing or not whole.
    """
    dataset = PUBLIC[name]
    files = " and ".join(dataset.tables)
    fix = f"Give the folder that holds {files} with --from."
    origin = f"The data are {dataset.source}."
    if source is None:
        raise SampleError(f"The sample '{name}' is read from a folder. {origin}", fix=fix)
    missing = [file for file in dataset.tables if not (source / file).is_file()]
    if missing:
        raise SampleError(f"{source} does not hold {' and '.join(missing)}. {origin}", fix=fix)
    counts = {file: _lines(source / file) for file in dataset.tables}
    landed = []
    for file, table in dataset.tables.items():
        target = settings.landing / dataset.system / table / file
        land(target, partial(shutil.copyfile, source / file))
        progress(f"{target.relative_to(settings.landing)}: {counts[file]:,} lines")
        landed.append(target)
    return SampleReport(tuple(landed), sum(counts.values()))


def _lines(file: Path) -> int:
    """Its data lines. Raises `SampleError` for a file that is cut off."""
    if file.suffix == ".gz":
        try:
            with gzip.open(file, "rt", encoding="utf-8") as text:
                return sum(1 for _ in text) - 1
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise SampleError(
                f"{file} is not a whole gzip file: {error}", fix="Fetch it again."
            ) from error
    try:
        with duckdb.connect() as con:
            query = "select num_rows from parquet_file_metadata($file)"
            rows = con.execute(query, {"file": str(file)}).fetchone()
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise SampleError(
            f"{file} is not a whole Parquet file: {error}", fix="Fetch it again."
        ) from error
    return int(rows[0]) if rows else 0
