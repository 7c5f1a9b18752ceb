"""The command `crm`: arguments in, words out, an exit code. What the commands do is elsewhere.

Dagster is imported only by the commands that start it: it costs seconds that `crm query` need not
pay.
"""

from __future__ import annotations

import datetime as dt
import enum
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from crm import feeds as feed_guide
from crm.contracts import load_tables
from crm.errors import CrmError
from crm.lake import deliveries
from crm.lake.landing import misplaced
from crm.operation import doctor as doctors
from crm.operation import status as statuses
from crm.publication import marts, publishing
from crm.sample import write_sample
from crm.settings import PROJECT_ROOT, load_settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The customer-relationship warehouse: raw files in, trusted customer marts out.",
)
identity = typer.Typer(no_args_is_help=True, help="How source records are matched to customers.")
app.add_typer(identity, name="identity")
_out, _err = Console(), Console(stderr=True)


class Form(enum.StrEnum):
    """How `crm query` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def sample(
    dataset: Annotated[
        str, typer.Option(help="synthetic, online-retail-ii, cdnow or complete-journey.")
    ] = "synthetic",
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder of the downloaded data set.")
    ] = None,
    customers: Annotated[int, typer.Option(min=1)] = 500,
    orders: Annotated[int, typer.Option(min=1)] = 6000,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Fill the landing folder with a sample."""
    settings = load_settings()
    report = write_sample(settings, dataset, source, customers, orders, seed)
    _out.print(f"{report.lines:,} lines in {len(report.files)} files:")
    for file in report.files:
        _out.print(f"  {file.relative_to(settings.home)}", highlight=False)
    _out.print("Next: [bold]crm build[/bold]")


@app.command()
def build(
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count events up to the end of this day."),
    ] = None,
    known_at: Annotated[
        int | None, typer.Option(min=1, help="Use deliveries up to this load_id.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild everything from raw.")
    ] = False,
) -> None:
    """Run the whole way, from landing to published marts."""
    from orchestration.assets import BuildConfig
    from orchestration.instance import run_build
    from orchestration.progress import watched_by

    settings = load_settings()
    started = time.monotonic()
    config = BuildConfig(
        as_of=as_of.date().isoformat() if as_of else None,
        known_at=known_at,
        full_refresh=full_refresh,
    )
    before = statuses.published_up_to(settings)
    with _progress() as watch, watched_by(watch):
        result = run_build(settings, config)
    if not result.is_success:
        for failure in result.failures:
            _err.print(failure, style="red", highlight=False, markup=False)
        _err.print(
            "Nothing was published; the last published version stands. "
            f"The run is {result.run_id[:8]} in `crm dev`."
        )
        raise typer.Exit(1)
    loads = statuses.loads(settings, after=before)
    summary = Table(show_header=False, box=None)
    summary.add_row(
        "Rows in", f"{sum(load.delivered for load in loads):,} in {len(loads)} new files"
    )
    for name in ("accepted", "quarantined", "superseded", "unparseable"):
        summary.add_row(name.capitalize(), f"{sum(getattr(load, name) for load in loads):,}")
    extra = sum(load.extra_columns is not None for load in loads)
    if extra:
        summary.add_row("Beyond contract", f"columns in {extra} files: see `crm status`")
    refused = [load for load in loads if load.reason and not load.accepted]
    if refused:
        summary.add_row("Refused", f"{len(refused)} files: see `crm status`")
    summary.add_row("Checks passed", f"{result.checks_passed} ({result.checks_warned} warned)")
    summary.add_row(
        "Published", f"{result.version} ({'new' if result.is_new_version else 'nothing changed'})"
    )
    summary.add_row("Elapsed", f"{time.monotonic() - started:.1f} s")
    _out.print(summary)
    for warning in misplaced(settings, load_tables(settings)):
        _err.print(warning, style="yellow", highlight=False, markup=False)
    for message in result.not_extracted:
        _err.print(message, style="red", highlight=False, markup=False)
    if result.not_extracted:
        _err.print("Not everything that was asked for was done; what had arrived is published.")
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Loads, rows accepted, quarantined and superseded, freshness, last publish."""
    statuses.show(load_settings(), _out)


@app.command()
def feeds(
    name: Annotated[str | None, typer.Argument(help="A feed; every feed if left out.")] = None,
) -> None:
    """What files may be delivered, and what their columns mean."""
    feed_guide.show(_out, name)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the published marts.")],
    form: Annotated[Form, typer.Option("--format")] = Form.TABLE,
) -> None:
    """Ask the published marts, read-only and sandboxed."""
    settings = load_settings()
    sys.stdout.write(marts.render(marts.query(settings, sql), form.value))


@app.command()
def withdraw(
    load_id: Annotated[int, typer.Argument(help="The delivery, as `crm status` numbers it.")],
    reason: Annotated[str, typer.Option(help="Kept with the delivery.")] = "withdrawn by hand",
) -> None:
    """Let a delivery count no more; the next build is as if it had never arrived."""
    delivery = deliveries.withdraw(load_settings(), load_id, reason)
    _out.print(f"{delivery.path} (load {load_id}) counts no more. Next: [bold]crm build[/bold]")


@app.command()
def rollback(
    to: Annotated[
        str | None, typer.Argument(help="A kept version; the previous if left out.")
    ] = None,
) -> None:
    """Let readers see an earlier published version again."""
    version = publishing.rollback(load_settings(), to)
    _out.print(
        f"Readers see version {version}. A build whose input has not changed will not undo this."
    )


@app.command()
def doctor() -> None:
    """Look at what a build needs and what readers see; say what to mend."""
    if not doctors.examine(load_settings(), _out):
        raise typer.Exit(1)


@app.command()
def dev(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option()] = 3000,
) -> None:
    """Open Dagster's web UI, with schedule and sensors running."""
    from orchestration.instance import open_web_ui

    open_web_ui(load_settings(), ["--host", host, "--port", str(port)])


@identity.command()
def train() -> None:
    """Write the weights of matching by probability anew, from public data whose truth is known."""
    from crm.identity.training import WEIGHTS_FILE, train

    version = train()
    _out.print(f"{WEIGHTS_FILE.relative_to(PROJECT_ROOT)} is version {version}.", highlight=False)
    _out.print("Next: look at what changed, then [bold]crm identity evaluate[/bold]")


@identity.command()
def evaluate() -> None:
    """Measure how well duplicates are found, on data that no weight was chosen on."""
    from crm.identity.benchmarks import RESULTS_FILE, evaluate, write_results

    results = evaluate(load_settings())
    write_results(results)
    table = Table("Benchmark", "Records", "Precision", "Recall", box=None)
    for result in results:
        figures = f"{result.precision:.4f}", f"{result.recall:.4f}"
        table.add_row(result.benchmark, f"{result.records:,}", *figures)
    _out.print(table)
    _out.print(f"Written to {RESULTS_FILE.relative_to(PROJECT_ROOT)}.", highlight=False)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Draws one bar per stage where a person looks on; elsewhere one line per stage."""
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_err,
        disable=not _err.is_terminal,
    )
    tasks: dict[str, Any] = {}

    def watch(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total or None)
            if not _err.is_terminal:
                _err.print(f"{stage} …", highlight=False)
        bars.update(tasks[stage], completed=done, total=total or None)

    with bars:
        yield watch


def main() -> None:
    """Entry point: every failure is one message with its cause and fix, and a non-zero exit."""
    try:
        app()
    except CrmError as error:
        _err.print(f"{error.cause}", style="red", highlight=False, markup=False)
        _err.print(f"{error.fix}", highlight=False, markup=False)
        sys.exit(1)
