"""kill -9 at random moments, each healed by itself: `make soak POINTS=50 SEED=1`.

Not part of the tests: a point costs one build and a half. A point is a function of the seed and its
number, so one that fails can be looked at again: `make soak POINTS=7 SEED=1` ends with it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest
import shop_by_hand
from command import copied, done, marts, version
from equal_marts import assert_equal
from kills import (
    CHANGES,
    DELIVERIES,
    SYSTEMS,
    Moment,
    Twin,
    assert_nothing_harmed,
    killed_build,
    killed_worker,
    unfinished_runs,
)

POINTS, SEED = int(os.environ.get("POINTS", "50")), int(os.environ.get("SEED", "1"))
LONGEST_PAUSE_SECONDS = 1.0


def random_moment(random: Random, twin: Twin) -> Moment:
    """Before any change that a build makes on the disk, or a while after it; any of the tree dies.

    dbt's many small files stand for its time; what the build does itself has gaps of milliseconds.
    """
    process = random.choice(("crm", "crm-dbt"))
    victims = {"crm": ("self", "group"), "crm-dbt": ("self", "parent", "group")}[process]
    return Moment(
        f"{process} at work",
        CHANGES,
        process=process,
        number=random.randint(1, twin.changes[process]),
        seconds=random.choice((0.0, random.uniform(0.01, LONGEST_PAUSE_SECONDS))),
        victim=random.choice(victims),
    )


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_killed_at_a_random_moment(shop: Path, twin: Twin, tmp_path: Path, point: int) -> None:
    random = Random(f"{SEED}/{point}")
    home = copied(shop, tmp_path / "home")
    before = version(home)
    shop_by_hand.deliver(home / "landing")
    shop_by_hand.deliver_more(home / "landing")
    moment = random_moment(random, twin)
    # A fifth of dbt's deaths happen to the worker of a run that Dagster's daemon started.
    is_worker = moment.process == "crm-dbt" and moment.victim != "group" and random.random() < 0.2
    started = time.monotonic()
    death = (killed_worker if is_worker else killed_build)(home, moment, tmp_path / "mark")
    killed = time.monotonic()
    assert_nothing_harmed(home, before, version(home))
    if version(home) != before:
        assert_equal(marts(home), marts(twin.home), but=DELIVERIES)
    is_published = "the new version" if version(home) != before else "the last version"
    done(home, "build", **SYSTEMS)
    assert_equal(marts(home), marts(twin.home), but=DELIVERIES)
    assert_nothing_harmed(home, version(home))
    assert unfinished_runs(home) == []
    print(
        f"{point:>3} {'worker, ' if is_worker else ''}{moment.victim} of {death.process}, "
        f"{moment.seconds:.2f} s after {death.event} {death.path.partition('/home/')[2]}: "
        f"readers saw {is_published}, healed "
        f"({killed - started:.0f} s, {time.monotonic() - killed:.0f} s)",
        flush=True,
    )
