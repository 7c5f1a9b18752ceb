"""The composition root: settings in, Dagster's definitions out. It decides nothing.

Needs the manifest that `crm` prepares before it starts anything (`orchestration/dbt.py`).
"""

from __future__ import annotations

import dagster as dg

from crm.contracts import load_tables, switched_off_systems
from crm.settings import Settings, load_settings
from orchestration import dbt
from orchestration.assets import ingest_assets, landing_assets, model_assets, publish_asset
from orchestration.backfill import month_assets
from orchestration.jobs import build
from orchestration.resources import Warehouse
from orchestration.schedules import daily
from orchestration.sensors import dead_runs, new_files, watch


def compose(settings: Settings) -> dg.Definitions:
    """Everything Dagster knows of one warehouse."""
    tables = load_tables(settings)
    manifest = dbt.prepare_manifest(settings)
    return dg.Definitions(
        assets=[
            *landing_assets(tables),
            ingest_assets(tables),
            model_assets(manifest, switched_off_systems(settings)),
            publish_asset(manifest),
            month_assets(settings),
        ],
        jobs=[build],
        schedules=[daily(settings)],
        sensors=[new_files, dead_runs, watch],
        resources={"warehouse": Warehouse()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster` loads."""
    return compose(load_settings())
