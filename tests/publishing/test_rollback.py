"""Going back is one atomic step, and an unchanged run does not undo it."""

from __future__ import annotations

import pytest
from marts_by_hand import build, publish_now, seen, settings_of

from crm.publication.publishing import list_versions, rollback
from crm.publication.versions import NoSuchVersionError, current_version, prune


def published(tmp_path, numbers, **changed):
    settings = settings_of(tmp_path, **changed)
    for number in numbers:
        build(settings, number)
        publish_now(settings, number)
    return settings


def test_rollback_goes_to_the_version_before(tmp_path):
    settings = published(tmp_path, [1, 2, 3])
    assert rollback(settings) == list_versions(settings)[1]
    assert seen(settings) == 2
    assert rollback(settings) == list_versions(settings)[0]
    assert seen(settings) == 1


def test_rollback_goes_to_a_named_version_and_forward_again(tmp_path):
    settings = published(tmp_path, [1, 2, 3])
    first, _, last = list_versions(settings)
    assert rollback(settings, to=first) == first
    assert seen(settings) == 1
    assert rollback(settings, to=last) == last
    assert seen(settings) == 3
    assert rollback(settings) == list_versions(settings)[1]


def test_there_must_be_a_version_to_go_to(tmp_path):
    with pytest.raises(NoSuchVersionError, match="no earlier version"):
        rollback(settings_of(tmp_path))
    settings = published(tmp_path, [1])
    with pytest.raises(NoSuchVersionError, match=f"no earlier .*{current_version(settings)}"):
        rollback(settings)
    for unknown in ("20200101T000000Z-00000000", "../../somewhere", ""):
        with pytest.raises(NoSuchVersionError, match="Kept versions"):
            rollback(settings, to=unknown)
    assert seen(settings) == 1


def test_an_unchanged_run_does_not_bring_a_rolled_back_version_back(tmp_path):
    settings = published(tmp_path, [1, 2])
    target = rollback(settings)
    build(settings, 2)
    again = publish_now(settings, 3)
    assert (again.is_new, again.version) == (False, target)
    assert seen(settings) == 1


def test_new_deliveries_that_change_no_mart_do_not_undo_a_rollback(tmp_path):
    settings = published(tmp_path, [1, 2])
    rollback(settings)
    build(settings, 2, quality=3)
    again = publish_now(settings, 3)
    assert (again.is_new, again.changed) == (False, ("quality.loads",))
    assert seen(settings) == 1


def test_without_a_rollback_quality_alone_is_published(tmp_path):
    settings = published(tmp_path, [1])
    build(settings, 1, quality=2)
    again = publish_now(settings, 3)
    assert (again.is_new, again.changed) == (True, ("quality.loads",))


def test_a_changed_run_publishes_after_a_rollback_and_the_next_rollback_passes_over_the_bad_one(
    tmp_path,
):
    settings = published(tmp_path, [1, 2])
    first = rollback(settings)
    build(settings, 3)
    assert publish_now(settings, 3).is_new
    assert seen(settings) == 3
    assert rollback(settings) == first
    assert seen(settings) == 1


def test_the_current_version_is_never_pruned_however_old(tmp_path):
    settings = published(tmp_path, [1, 2, 3, 4])
    first, *_, last = list_versions(settings)
    rollback(settings, to=first)
    prune(settings_of(tmp_path, keep_versions=1))
    assert list_versions(settings) == (first, last)
    assert seen(settings) == 1
