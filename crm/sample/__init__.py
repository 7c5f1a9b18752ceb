"""Fills the landing folder: with a generated company (`synthetic`) or with a public data set.

Not here: any reading of the landing folder, and the data that tests make for themselves.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from crm.sample.landed import Progress, SampleError, SampleReport
from crm.sample.public import PUBLIC, copy_public
from crm.sample.synthetic import MIN_CUSTOMERS, generate
from crm.settings import Settings

DATASETS = ("synthetic", *PUBLIC)

__all__ = ["DATASETS", "MIN_CUSTOMERS", "SampleError", "SampleReport", "write_sample"]


def write_sample(
    settings: Settings,
    dataset: str = "synthetic",
    source: Path | None = None,
    customers: int = 500,
    orders: int = 6_000,
    seed: int = 1,
    progress: Progress = lambda _: None,
) -> SampleReport:
    """Write a data set's files into the landing folder, each whole or not at all.

    `synthetic` is generated: `customers`, `orders` and `seed` decide every byte. The others are
    copied from the folder `source`. Raises `SampleError` for an unknown data set, sizes out of
    range, a source that is not whole and a folder that cannot be written.
    """
    if dataset not in DATASETS:
        raise SampleError(
            f"There is no sample '{dataset}'.", fix=f"Known samples: {', '.join(DATASETS)}."
        )
    try:
        if dataset in PUBLIC:
            return copy_public(settings, dataset, source, progress)
        if source is not None:
            raise SampleError("The sample 'synthetic' is generated.", fix="Leave out --from.")
        return generate(settings, customers, orders, seed, progress)
    except (OSError, duckdb.IOException) as error:
        raise SampleError(
            f"The sample could not be written to {settings.landing}: {error}",
            fix="Check that the folder may be written and has free space (CRM_HOME sets it).",
        ) from error
