"""One writer at a time, across processes; a dead writer leaves no lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from marts_by_hand import settings_of

from crm.operation import locking
from crm.operation.locking import LockHeldError, UnreliableDiskError, file_system_of, writer_lock

HOLD = """
import subprocess, sys
from pathlib import Path
from crm.operation.locking import writer_lock
from crm.settings import Settings
with writer_lock(Settings(home=Path(sys.argv[1])), "build of run 7") as descriptor:
    if sys.argv[2:] == ["child"]:
        child = subprocess.Popen(["cat"], stdin=0, stdout=subprocess.DEVNULL, pass_fds=[descriptor])
    print("held", flush=True)
    sys.stdin.read() if sys.argv[2:] != ["child"] else child.wait()
"""


@contextmanager
def another_writer(home: Path, *mode: str):
    """A process that holds the lock until its input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home), *mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_writer_is_told_who_holds_the_lock_since_when_and_for_what(tmp_path):
    settings = settings_of(tmp_path)
    with another_writer(tmp_path) as process:
        told = rf"Process {process.pid} \(build of run 7, since 20.*\+00:00\) .*Wait until"
        with pytest.raises(LockHeldError, match=told), writer_lock(settings, "me"):
            pass
        process.stdin.close()
    with writer_lock(settings, "me"):
        assert f'"pid": {os.getpid()}' in (settings.build / "writer.lock").read_text()


def test_a_second_writer_waits_for_the_first(tmp_path):
    with another_writer(tmp_path) as process:
        process.stdin.close()
        with writer_lock(settings_of(tmp_path, lock_wait_seconds=30.0), "me") as descriptor:
            assert os.fstat(descriptor).st_size > 0
        assert process.wait() == 0


def test_kill_9_of_the_holder_frees_the_lock(tmp_path):
    with another_writer(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with writer_lock(settings_of(tmp_path), "me"):
            assert "me" in (tmp_path / "build/writer.lock").read_text()


def test_a_child_that_was_handed_the_lock_keeps_it_when_its_parent_is_killed(tmp_path):
    settings = settings_of(tmp_path)
    with another_writer(tmp_path, "child") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(LockHeldError), writer_lock(settings, "me"):
            pass
        process.stdin.close()
    with writer_lock(settings_of(tmp_path, lock_wait_seconds=30.0), "me") as descriptor:
        assert os.fstat(descriptor).st_size > 0


def test_a_failure_under_the_lock_frees_it(tmp_path):
    settings = settings_of(tmp_path)
    with pytest.raises(ZeroDivisionError), writer_lock(settings, "me"):
        _ = 1 / 0
    with writer_lock(settings, "me again"):
        assert "me again" in (settings.build / "writer.lock").read_text()


def test_one_process_cannot_take_the_lock_twice(tmp_path):
    settings = settings_of(tmp_path)
    with (
        writer_lock(settings, "first"),
        pytest.raises(LockHeldError, match="first"),
        writer_lock(settings, "second"),
    ):
        pass


MOUNTS = r"""/dev/vda / ext4 rw 0 0
server:/x /data nfs4 rw 0 0
/dev/vdb /data/local xfs rw 0 0
//server/y /with\040space cifs rw 0 0
first /twice nfs rw 0 0
second /twice ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/crm", "ext4"),
        ("/data", "nfs4"),
        ("/data/crm/build", "nfs4"),
        ("/data/local/crm", "xfs"),
        ("/database", "ext4"),
        ("/with space/crm", "cifs"),
        ("/twice/crm", "ext4"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path, kind):
    assert file_system_of(Path(path), MOUNTS) == kind
    assert file_system_of(Path(path), "") is None


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(locking, "MOUNTS", mounts)
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    with (
        pytest.raises(UnreliableDiskError, match=r"network file system \(nfs4\).*local disk"),
        writer_lock(settings_of(tmp_path), "me"),
    ):
        pass
    mounts.write_text(f"/dev/vda {tmp_path} ext4 rw 0 0\n")
    with writer_lock(settings_of(tmp_path), "me") as descriptor:
        assert os.fstat(descriptor).st_size > 0


def test_a_lock_file_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "build").write_text("in the way")
    with (
        pytest.raises(UnreliableDiskError, match="must be a directory"),
        writer_lock(settings_of(tmp_path), "me"),
    ):
        pass
