"""What Great Expectations found, as Dagster's asset checks.

The judging itself is `crm/checks/`; dbt's tests become checks by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from crm.checks.expectations import CheckOutcome

DOOR = "plausible_at_the_door"
PLAUSIBLE = "plausible_to_publish"


def to_check_results(
    name: str, outcomes: Iterable[CheckOutcome], assets: Sequence[dg.AssetKey]
) -> Iterator[dg.AssetCheckResult]:
    """One result per asset over all its outcomes; one that could not run is never passed.

    An outcome belongs to the asset whose path its `subject` is; with a single asset, to that one.
    """
    found = list(outcomes)
    for asset in assets:
        own = [o for o in found if len(assets) == 1 or o.subject == "/".join(asset.path)]
        bad = [o for o in own if o.status in ("failed", "errored")]
        blocking = [o for o in bad if o.severity == "error"]
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=asset,
            passed=not bad,
            severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
            description="; ".join(f"{o.name} {o.status}: {o.description}" for o in bad) or None,
            metadata={
                status: sum(o.status == status for o in own)
                for status in ("passed", "failed", "errored", "not_evaluated")
            },
        )
