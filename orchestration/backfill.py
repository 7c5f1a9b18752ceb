"""Backfill: the month-end snapshots made anew for chosen months, in one run for the whole range.

A nightly build finds by itself which months it must restate. This is for whoever has reason not to
trust what stands: it is a build like every other, and publishes like every other.
"""

import datetime as dt
import warnings

import dagster as dg
import duckdb

from crm.publication.mart_file import MARTS_FILE
from crm.publication.versions import current_version, version_folder
from crm.settings import Settings, load_settings
from orchestration import runs
from orchestration.assets import MONTHS, BuildConfig


def month_assets(settings: Settings) -> dg.AssetsDefinition:
    """The months of the published snapshots, as partitions."""

    def months(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from orchestration.instance import run_build  # composes definitions, of which this is one

        context.instance.add_run_tags(context.run_id, runs.process_tag())
        window = context.partition_time_window
        built = run_build(
            load_settings(),
            BuildConfig(
                months_from=window.start.date().isoformat(),
                months_to=(window.end.date() - dt.timedelta(days=1)).isoformat(),
            ),
        )
        if not built.is_success:
            raise dg.Failure(f"{' '.join(built.failures)} The last published version stands.")
        return dg.MaterializeResult(
            metadata={
                "version": str(built.version),
                "is_new": built.is_new_version,
                "run": built.run_id,
            }
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the policy: pinned, and held by a test
        return dg.asset(
            key=MONTHS,
            partitions_def=dg.MonthlyPartitionsDefinition(start_date=_first_month(settings)),
            backfill_policy=dg.BackfillPolicy.single_run(),
            group_name="published",
            kinds={"duckdb"},
            description="Month-end snapshots. Materialize a range of months to make them anew.",
        )(months)


def _first_month(settings: Settings) -> dt.datetime:
    """The first month that readers see; this one where nothing is published."""
    first = None
    if (version := current_version(settings)) is not None:
        marts = version_folder(settings, version) / MARTS_FILE
        with duckdb.connect(str(marts), read_only=True) as con:
            (first,) = con.execute("select min(date_on) from core.dim_dates").fetchone() or (None,)
    day = first or dt.datetime.now(dt.UTC).date()
    return dt.datetime(day.year, day.month, 1, tzinfo=dt.UTC)
