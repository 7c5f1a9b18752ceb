"""The assets from file to published mart: three steps in few processes, each start costing seconds.

The steps only call what does the work (`crm/`, dbt) and tell Dagster what came of it. Which models
there are is read from dbt's manifest; groups are folders.
"""

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from crm.checks import door, plausibility
from crm.contracts import SourceTable, load_systems
from crm.extraction import extraction
from crm.extraction.databases import sources
from crm.lake import ingestion as lake
from crm.lake import raw_views
from crm.operation import build_files, model_state, shortage
from crm.operation.alerts import send
from crm.publication import publishing
from crm.publication.mart_contract import contract_from_manifest
from orchestration import dbt, inputs
from orchestration.checks import DOOR, PLAUSIBLE, to_check_results
from orchestration.progress import report, stage
from orchestration.resources import Warehouse

PUBLISHED = dg.AssetKey(["published", "marts"])
MONTHS = dg.AssetKey(["published", "months"])
NOT_EXTRACTED = "not_extracted"
_LAKE = [dg.AssetKey(["raw", name]) for name in ("deliveries", "unparseable_lines", "run_settings")]


class BuildConfig(dg.Config):
    """What a build may be asked for; the defaults are the nightly load."""

    as_of: str | None = None
    known_at: int | None = None
    full_refresh: bool = False
    # The first and the last day, inclusive, whose snapshots are made anew even if nothing changed.
    months_from: str | None = None
    months_to: str | None = None

    @property
    def months(self) -> tuple[dt.date, dt.date] | None:
        """Both days; none for an ordinary build."""
        if self.months_from is None or self.months_to is None:
            return None
        return dt.date.fromisoformat(self.months_from), dt.date.fromisoformat(self.months_to)


def landing_assets(tables: Mapping[tuple[str, str], SourceTable]) -> list[dg.AssetSpec]:
    """The folders that files are dropped into: not made here, but where everything comes from."""
    return [
        dg.AssetSpec(
            ["landing", system, name],
            group_name="landing",
            description=f"Files as delivered in landing/{system}/{name}/.",
        )
        for system, name in tables
    ]


def ingest_assets(tables: Mapping[tuple[str, str], SourceTable]) -> dg.AssetsDefinition:
    """Landing to raw, all feeds in one step, judged at the door."""
    specs = [
        dg.AssetSpec(
            [system, name],
            deps=[dg.AssetKey(["landing", system, name])],
            group_name="raw",
            description=f"Every delivered row of {system}'s {name}, as text.",
            kinds={"parquet"},
        )
        for system, name in tables
    ]
    folders = [dg.AssetKey(["landing", system, name]) for system, name in tables]
    records = [dg.AssetSpec(key, deps=folders, group_name="raw") for key in _LAKE]
    checks = [
        dg.AssetCheckSpec(DOOR, asset=spec.key, blocking=True, description=door.__doc__)
        for spec in specs
    ]

    @dg.multi_asset(name="ingest", specs=[*specs, *records], check_specs=checks)
    def ingest(
        context: dg.AssetExecutionContext, config: BuildConfig, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        warehouse.be_the_writer(context)
        settings, now = warehouse.settings, dt.datetime.now(dt.UTC)
        shortage.require_room(settings)
        build_files.prepare(settings, now)
        extracted = extraction.extract(
            settings, sources(load_systems(settings)), now, stage("asking databases")
        )
        for alert in extraction.alerts(extracted, now):
            context.log.warning(f"{alert.cause} {alert.fix}")
            send(settings, alert)
        arrived = lake.ingest(settings, warehouse.tables, now, stage("taking files"))
        for waiting in arrived.waiting:
            context.log.warning(f"{waiting.path} is left for the next run: {waiting.reason}")
        for warning in arrived.warnings:
            context.log.warning(warning)
        for delivery in arrived.deliveries:
            if delivery.extra_columns:
                context.log.warning(
                    f"{delivery.path} has columns beyond its contract, kept in the lake and not "
                    f"read: {', '.join(delivery.extra_columns)}."
                )
        warehouse.rest_on(
            inputs.fingerprint(settings, config.as_of, config.known_at),
            is_wanted=config.full_refresh or config.months is not None,
        )
        deliveries = lake.read_deliveries(settings)
        outcomes = door.judge_deliveries(
            settings,
            warehouse.tables,
            door.not_yet_published(settings, deliveries, config.known_at),
            deliveries,
            stage("judging at the door"),
        )
        if not warehouse.is_unchanged:
            # The state is the nightly build's. Who asks about another day starts from raw.
            is_nightly = config.as_of is None and config.known_at is None
            warehouse.begin(is_anew=config.full_refresh or not is_nightly, goes_on=is_nightly)
            _register(warehouse, config)
        for spec in specs:
            system, name = spec.key.path
            new = [d for d in arrived.deliveries if (d.system, d.table) == (system, name)]
            yield dg.MaterializeResult(
                asset_key=spec.key,
                metadata={
                    "deliveries": len(new),
                    "delivered": sum(d.delivered for d in new),
                    "unparseable": sum(d.unparseable for d in new),
                },
            )
        failed = "\n".join(f"{f.system}/{f.table}: {f.cause} {f.fix}" for f in extracted.failures)
        for record in records:
            yield dg.MaterializeResult(asset_key=record.key, metadata={NOT_EXTRACTED: failed})
        yield from to_check_results(DOOR, outcomes, [spec.key for spec in specs])

    return ingest


def _register(warehouse: Warehouse, config: BuildConfig) -> None:
    """Put the raw lake under dbt; forget what rests on a lost delivery or a changed rule."""
    settings = warehouse.settings
    before = build_files.before(settings)
    with duckdb.connect(str(settings.build / "build.duckdb")) as con:
        if before.exists():
            con.execute(f"attach '{before}' as before (read_only)")
        raw_views.register(
            con,
            settings,
            warehouse.tables,
            as_of=dt.date.fromisoformat(config.as_of) if config.as_of else None,
            known_at=config.known_at,
            months=config.months,
            before="before" if before.exists() else None,
        )
        is_lost = before.exists() and raw_views.are_deliveries_lost(con, "before")
    if is_lost:
        build_files.start_anew(settings)
        _register(warehouse, config)
    else:
        manifest = (warehouse.dbt_target / "manifest.json").read_text(encoding="utf-8")
        warehouse.must_build(
            model_state.invalidate(
                settings.build, before, json.loads(manifest), settings.reporting_currency
            )
        )


class FolderTranslator(DagsterDbtTranslator):
    """A model's group is its folder."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """`models/marts/rfm/…` is group rfm, `models/core/…` core, `models/staging/x/…` staging."""
        folders = dbt_resource_props["fqn"][1:-1]
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return folders[1] if folders[:1] == ["marts"] else (folders[0] if folders else None)


def model_assets(manifest: Path, switched_off: list[str]) -> dg.AssetsDefinition:
    """Everything dbt builds, in one dbt process, with its tests as asset checks."""

    @dbt_assets(
        manifest=manifest,
        name="models",
        dagster_dbt_translator=FolderTranslator(),
        exclude=" ".join(f"path:models/staging/{name}" for name in switched_off),
    )
    def models(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        warehouse.be_the_writer(context)
        if warehouse.is_unchanged:
            context.log.info("Nothing that the marts rest on has changed: nothing to build.")
            return  # with nothing built, publishing is skipped
        warehouse.begin(is_anew=False, goes_on=False)
        unchanged = warehouse.change.unchanged if warehouse.change else ()
        run = warehouse.dbt.cli(
            ["build", *dbt.variables(warehouse.settings), *dbt.leaving_out(unchanged)],
            context=context,
            target_path=warehouse.dbt_target,
        )
        nodes = len(json.loads(manifest.read_text(encoding="utf-8"))["nodes"]) - len(unchanged)
        for done, event in enumerate(dbt.events_of(run), start=1):
            report("models and tests", min(done, nodes), nodes)
            yield event

    return models


def publish_asset(manifest: Path) -> dg.AssetsDefinition:
    """The marts, judged plausible and swapped in for readers."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    contract = contract_from_manifest(content)
    marts = [
        dg.AssetKey([node["schema"], node["name"]])
        for node in content["nodes"].values()
        if node["resource_type"] == "model" and node["database"] == "marts"
    ]

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(
                PUBLISHED,
                deps=marts,
                group_name="published",
                description="What readers open: a new version is swapped in whole.",
                kinds={"duckdb", "parquet"},
            )
        ],
        check_specs=[
            dg.AssetCheckSpec(PLAUSIBLE, asset=PUBLISHED, description=plausibility.__doc__)
        ],
    )
    def publish(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        warehouse.be_the_writer(context)
        settings = warehouse.settings
        as_of, known_at = raw_views.read_asked(settings)
        outcomes = plausibility.judge_marts(settings, as_of, known_at, stage("judging the marts"))
        results = list(to_check_results(PLAUSIBLE, outcomes, [PUBLISHED]))
        yield from results
        if any(
            not result.passed and result.severity == dg.AssetCheckSeverity.ERROR
            for result in results
        ):
            raise dg.Failure(
                f"Not published: {results[0].description}. The last published version stands."
            )
        steps = itertools.count(1)
        publication = publishing.publish(
            settings,
            context.run_id,
            raw_views.read_clock(settings),
            contract,
            dt.datetime.now(dt.UTC),
            lambda step: report("publishing", next(steps), publishing.STEPS),
        )
        warehouse.ended_well(context)
        yield dg.MaterializeResult(
            asset_key=PUBLISHED,
            metadata={
                "version": publication.version,
                "is_new": publication.is_new,
                "rows": publication.rows,
            },
        )

    return publish
