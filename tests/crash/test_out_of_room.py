"""Builds that run out of memory or disk: one clear message, and the published version stands.

How taking files and publishing meet a full disk by themselves is tested beside them, in
`tests/ingestion/test_full_disk.py` and `tests/publishing/test_publishing.py`.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from pathlib import Path

import pytest
import shop_by_hand
from command import copied, crm, refused, start, version
from kills import SYSTEMS, assert_nothing_harmed

from crm.operation.locking import NoSpaceError
from crm.operation.shortage import ROOM_FACTOR, advice, bytes_wanted, require_room
from crm.settings import Settings

# Dagster's records of one run fit; the build's databases, made anew with all their tables, do not.
LARGEST_FILE_BYTES = 5_500_000


@pytest.fixture
def home(shop: Path, tmp_path: Path) -> Path:
    """The shop with something new to build."""
    home = copied(shop, tmp_path / "home")
    shop_by_hand.deliver(home / "landing")
    return home


def test_too_little_memory_is_told_with_the_setting_to_raise(home):
    before = version(home)
    run = crm(home, "build", CRM_MEMORY_LIMIT="10MB", **SYSTEMS)
    refused(run, "memory_limit is 10MB. Raise it", "CRM_MEMORY_LIMIT", "Nothing was published")
    assert_nothing_harmed(home, before)


def test_a_disk_that_is_full_is_told_with_the_folder_to_make_room_for(home):
    before = version(home)
    for file in (home / "build").glob("*.duckdb"):
        file.unlink()
    shutil.rmtree(home / "dagster")
    build = start(home, "build", **SYSTEMS)
    resource.prlimit(build.pid, resource.RLIMIT_FSIZE, (LARGEST_FILE_BYTES, LARGEST_FILE_BYTES))
    _, said = build.communicate()
    run = subprocess.CompletedProcess([], build.returncode, "", said)
    refused(run, f"The disk is full. Make room for {home}", "Nothing was published")
    assert_nothing_harmed(home, before)


def test_a_disk_without_the_room_that_a_build_may_want_is_refused_beforehand(tmp_path):
    settings = Settings(home=tmp_path)
    settings.build.mkdir()
    require_room(settings)
    with (settings.build / "build.duckdb").open("wb") as file:
        file.truncate(2**43)  # sparse: as large as the disk on paper only
    assert bytes_wanted(settings) == ROOM_FACTOR * 2**43
    with pytest.raises(NoSpaceError, match=r"MB free, and .* MB are needed\. Free some space"):
        require_room(settings)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Out of Memory Error: failed to pin block", "memory_limit"),
        ("numpy: MemoryError", "memory_limit"),
        ("IO Error: Could not write file: No space left on device", "disk is full"),
        ("[Errno 27] File too large", "disk is full"),
        ("Out of Memory Error: failed to offload (max_temp_directory_size)", "disk is full"),
    ],
)
def test_a_shortage_is_known_by_the_words_of_whoever_met_it(said, word):
    assert word in (advice(said, Settings()) or "")


def test_no_other_failure_is_called_a_shortage():
    assert advice("Runtime Error in model stg_memory_space: column is full", Settings()) is None
