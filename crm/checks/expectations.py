"""Everything around Great Expectations: running one suite of checks, its outcomes, Data Docs.

It is handed small frames of compared numbers and never a row of data, so that no validation or page
can hold personal data, and no database stays open or locked. What is measured and what to do about
it belongs to `door.py` and `plausibility.py`; keys and relations are dbt tests.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from crm.checks.limits import Check, Limit, Measurement, Severity
from crm.errors import CrmError
from crm.settings import Settings

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )

Status = Literal["passed", "failed", "errored", "not_evaluated"]

KEPT_VALIDATIONS = 20
_NO_RESULT: tuple[Status, str] = ("errored", "It gave no result.")
NAMED = 5  # subjects that a description names; the others are counted


class ExpectationsError(CrmError):
    """Great Expectations itself could not run, or its results could not be kept."""


@dataclass(frozen=True)
class CheckOutcome:
    """What one check said.

    `failed` is about the data; `errored` about the check, which could not run and is then always of
    severity error; `not_evaluated` had too little to compare with. `subject` is what was judged:
    `system/feed`, or a schema. `observed` holds counts and compared numbers, never values of rows.
    """

    name: str
    subject: str
    status: Status
    severity: Severity
    description: str
    observed: Mapping[str, float]

    @property
    def blocks(self) -> bool:
        """Whether nothing may be published."""
        return self.severity == "error" and self.status in ("failed", "errored")


def judge(
    settings: Settings, suite: str, checks: Sequence[Check], advice: Callable[[Check], str]
) -> list[CheckOutcome]:
    """Run the checks as one suite and keep its result for `write_data_docs`.

    `advice` says what to do about a check that failed. Raises `ExpectationsError`.
    """
    # A column of nothing but nulls passes every expectation, so it is never handed over.
    runnable = [check for check in checks if check.judged or not check.passed_over]
    said = _validate(settings, suite, runnable) if runnable else {}
    outcomes = []
    for check in checks:
        status, error = said.get(check.name, _NO_RESULT)
        if check not in runnable:
            status, error = "not_evaluated", ""
        outcomes.append(
            CheckOutcome(
                name=check.name,
                subject=check.group,
                status=status,
                severity="error" if status == "errored" else check.limit.severity,
                description=_describe(check, status, error, advice),
                observed=_observed(check),
            )
        )
    return outcomes


def write_data_docs(settings: Settings) -> Path:
    """Build the pages of the last `KEPT_VALIDATIONS` validations anew; return their folder.

    Once per run: it costs as much as judging. Raises `ExpectationsError`.
    """
    pages = settings.published / "data_docs"
    new, old = (pages.with_name(f".data_docs.{name}") for name in ("new", "old"))
    try:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        # <suite>/<run name>/<time>/<batch>.json; the time sorts.
        kept = _validations(settings).glob("**/*.json")
        for file in sorted(kept, key=lambda file: file.parent.name)[:-KEPT_VALIDATIONS]:
            shutil.rmtree(file.parent)
        _context(settings, new).build_data_docs()
        if pages.exists():
            pages.rename(old)
        new.rename(pages)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ExpectationsError(
            f"The pages of Data Docs cannot be written: {error}.",
            fix=f"Make {settings.published} and {settings.build} writable, with room to spare.",
        ) from error
    return pages


def _validate(
    settings: Settings, suite: str, checks: Sequence[Check]
) -> dict[str, tuple[Status, str]]:
    # Imported here: it costs seconds, which a run with nothing to judge need not pay.
    import great_expectations as gx
    import pandas as pd
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    frame = pd.DataFrame(
        {
            check.name: pd.Series([compared for _, compared in check.judged], dtype=float)
            for check in checks
            if check.judged
        }
    )
    try:
        context = _context(settings)
        expectations = [_expectation(check) for check in checks]
        named = context.suites.add(gx.ExpectationSuite(suite, expectations=expectations))
        source = context.data_sources.add_pandas("profiles")
        batch = source.add_dataframe_asset("compared").add_batch_definition_whole_dataframe("all")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=suite, data=batch, suite=named)
        )
        run = definition.run(
            batch_parameters={"dataframe": frame}, result_format={"result_format": "BOOLEAN_ONLY"}
        )
    except (GreatExpectationsError, OSError) as error:
        raise ExpectationsError(
            f"The suite '{suite}' could not run: {error}",
            fix=f"Nothing was judged, so nothing is published. See that {settings.build} is "
            "writable, and run again.",
        ) from error
    return {
        result.expectation_config.kwargs["column"]: _status(result.success, result.exception_info)
        for result in run.results
        if result.expectation_config
    }


def _expectation(check: Check) -> ExpectColumnValuesToBeBetween:
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    limit = check.limit
    is_error = limit.severity == "error"
    return ExpectColumnValuesToBeBetween(
        column=check.name,
        min_value=limit.low,
        max_value=limit.high,
        severity=FailureSeverity.CRITICAL if is_error else FailureSeverity.WARNING,
        notes=limit.reason,
    )


def _status(success: bool | None, exception_info: Mapping[str, Any]) -> tuple[Status, str]:
    """An expectation that raised says so in one of two shapes, and never by raising."""
    infos = (
        [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    )
    for info in infos:
        if info["raised_exception"]:
            return "errored", str(info["exception_message"]).strip()
    return ("passed", "") if success else ("failed", "")


def _validations(settings: Settings) -> Path:
    return settings.build / "gx" / "validations"


def _context(settings: Settings, pages: Path | None = None) -> EphemeralDataContext:
    """A context that keeps validations, and `pages`, as files and everything else in memory."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

    def files(folder: Path) -> dict[str, str]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}

    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        config_version=4.0,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        expectations_store_name="suites",
        checkpoint_store_name="checkpoints",
        validation_results_store_name="validations",
        stores={
            "suites": {"class_name": "ExpectationsStore"},
            "checkpoints": {"class_name": "CheckpointStore"},
            "validation_definition_store": {"class_name": "ValidationDefinitionStore"},
            "validations": {
                "class_name": "ValidationResultsStore",
                "store_backend": files(_validations(settings)),
            },
        },
        data_docs_sites={"pages": {**site, "store_backend": files(pages)}} if pages else {},
    )
    context: EphemeralDataContext = gx.get_context(mode="ephemeral", project_config=config)
    return context


def _observed(check: Check) -> dict[str, float]:
    numbers = [compared for _, compared in check.judged]
    observed: dict[str, float] = {
        "judged": len(check.judged),
        "not_evaluated": len(check.passed_over),
        "outside": len(check.outside),
    }
    return observed | ({"smallest": min(numbers), "largest": max(numbers)} if numbers else {})


def _describe(check: Check, status: Status, error: str, advice: Callable[[Check], str]) -> str:
    limit, reasons = check.limit, "; ".join(sorted({reason for _, reason in check.passed_over}))
    if status == "errored":
        cause = error if check.judged else "nothing that was measured is what it applies to."
        return (
            f"The check could not run: {cause} Mend its row ({limit.applies_to}, {limit.metric})."
        )
    if status == "not_evaluated":
        return f"Not evaluated: {reasons}."
    if status == "failed":
        told = " ".join(_told(limit, *item) for item in check.outside[:NAMED])
        more = len(check.outside) - NAMED
        others = f" And {more} more." if more > 0 else ""
        return f"{told}{others} {limit.reason.rstrip('.')}. {advice(check)}"
    text = f"{limit.metric} ({limit.compare}) is {limit.allowed}."
    return f"{text} {len(check.passed_over)} not evaluated: {reasons}." if reasons else text


def _told(limit: Limit, measurement: Measurement, compared: float) -> str:
    past = measurement.history
    text = f"{measurement.subject}: {measurement.metric} is {measurement.value:.6g}"
    if limit.compare == "ratio_to_median":
        text += f", {compared:.3g} times the median {median(past):.6g} of {len(past)} before"
    elif limit.compare == "beyond_range":
        text += (
            f", {compared:+.3g} off the {min(past):.6g} to {max(past):.6g} of {len(past)} before"
        )
    return f"{text}; allowed is {limit.allowed}."
