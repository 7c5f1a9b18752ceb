"""kill -9 in every gap of a build, in turn: each next run goes on from what the last one left.

One warehouse is killed eight times on its way to the next version. Random moments, each healed by
itself, are `make soak`.
"""

from __future__ import annotations

import signal
from random import Random

import pytest
import shop_by_hand
from command import copied, done, marts, refused, version
from equal_marts import assert_equal
from kills import (
    DELIVERIES,
    SYSTEMS,
    Moment,
    assert_nothing_harmed,
    killed_build,
    killed_worker,
    unfinished_runs,
)

SEED = 20261122
_seeded = Random(SEED)
TAKING_FILES = (
    Moment("read, before the commit of the load", r"/raw/_deliveries/\d+\.jsonl$"),
    Moment("committed, before it is noted as seen", r"/raw/_seen\.json$"),
    Moment("judged at the door, before the state is touched", r"/build/inputs\.fingerprint$"),
)
HALF_KEPT = Moment("half of the state is kept", r"/build/kept\.new/marts\.duckdb$", number=2)
HALF_PUT_BACK = Moment("half of the kept state is put back", r"/build/marts\.duckdb$", number=3)
EARLY_IN_DBT = Moment(
    "early in dbt, its parent",
    r"/dbt/run/crm/models/(staging|feeds)/",
    process="crm-dbt",
    number=_seeded.randint(1, 8),
    seconds=_seeded.uniform(0.01, 0.3),
    victim="parent",
)
LATE_IN_DBT = Moment(
    "in the tests of the marts, dbt itself",
    r"/dbt/run/crm/models/(marts|quality)/.*\.yml/",
    process="crm-dbt",
    number=_seeded.randint(1, 8),
    victim="self",
)
PUBLISHING = (
    Moment("built, in the checks", r"/build/gx/validations/publish/", victim="group"),
    Moment("copied, before it is whole", r"/published/versions/\d{8}T\d{6}Z-\w+$"),
)
SWAPPED = (
    Moment("swapped, before the new state stands", r"/build/kept\.old$"),
    Moment("the new state stands, not yet remembered", r"/build/inputs\.fingerprint$", number=2),
)


@pytest.mark.timeout(2400)
def test_killed_in_every_gap_in_turn_nothing_is_harmed_and_the_next_build_heals(
    shop, twin, tmp_path
):
    home = copied(shop, tmp_path / "home")
    before = version(home)

    def killed(*moments: Moment) -> None:
        for moment in moments:
            death = killed_build(home, moment, tmp_path / moment.name)
            assert death.returncode == -signal.SIGKILL, moment

    shop_by_hand.deliver(home / "landing")
    for moment in (*TAKING_FILES, HALF_KEPT):
        killed(moment)
        assert_nothing_harmed(home, before)

    # The killed run's record still stands as started: the daemon's queue must not wait for it.
    assert len(unfinished_runs(home)) == 1
    shop_by_hand.deliver_more(home / "landing")
    death = killed_worker(home, EARLY_IN_DBT, tmp_path / "worker")
    assert death.process == "crm-dbt"
    assert_nothing_harmed(home, before)

    killed(HALF_PUT_BACK)
    assert_nothing_harmed(home, before)

    death = killed_build(home, LATE_IN_DBT, tmp_path / "dbt")
    refused(death.run(), "dbt was killed (SIGKILL)", "Nothing was published")
    assert_nothing_harmed(home, before)

    for moment in PUBLISHING:
        killed(moment)
        assert_nothing_harmed(home, before)

    killed(SWAPPED[0])
    after = version(home)
    assert after != before
    assert_nothing_harmed(home, after)
    assert_equal(marts(home), marts(twin.home), but=DELIVERIES)

    killed(SWAPPED[1])
    assert_nothing_harmed(home, after)
    done(home, "build", **SYSTEMS)
    assert_nothing_harmed(home, after)
    assert unfinished_runs(home) == []
    assert not list((home / "build").glob("*.broken-*"))
