"""Runs that died are found and ended; living ones are let be."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from crm.settings import Settings
from orchestration import runs
from orchestration.jobs import alert_on_failure


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def started_run(instance, process=None):
    run = instance.create_run_for_job(
        dg.job(name="build")(lambda: None), status=dg.DagsterRunStatus.STARTED
    )
    if process is not None:
        instance.add_run_tags(run.run_id, {runs.PROCESS_TAG: runs._process(process)})
    return run.run_id


def ended(instance, settings, later=dt.timedelta()):
    return runs.end_dead_runs(instance, settings, dt.datetime.now(dt.UTC) + later)


def status(instance, run_id):
    return instance.get_run_by_id(run_id).status


def test_a_run_whose_process_was_killed_is_ended_as_failed(instance, settings):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run_id = started_run(instance, child.pid)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert ended(instance, settings) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_run_whose_process_lives_goes_on(instance, settings):
    run_id = started_run(instance, os.getpid())
    assert ended(instance, settings) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.STARTED


def test_a_pid_that_is_used_again_is_another_process(instance, settings):
    run_id = started_run(instance)
    instance.add_run_tags(run_id, {runs.PROCESS_TAG: f"{os.getpid()}:1"})
    assert ended(instance, settings) == [run_id]


def test_a_run_that_names_no_process_is_given_the_time_that_starting_may_take(instance, settings):
    run_id = started_run(instance)
    patience = dt.timedelta(seconds=instance.run_monitoring_start_timeout_seconds)
    assert ended(instance, settings, patience - dt.timedelta(seconds=60)) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.STARTED
    assert ended(instance, settings, patience) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE


@pytest.fixture
def receiver():
    """A webhook that keeps what it is told."""
    told = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Keep)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", told
    server.shutdown()


def run_with_step(step):
    @dg.job(hooks={alert_on_failure})
    def build():
        step()

    return build.execute_in_process(raise_on_error=False)


def test_a_failed_step_alerts_the_webhook_with_its_cause(receiver, monkeypatch):
    url, told = receiver
    monkeypatch.setenv("CRM_ALERT_WEBHOOK", url)

    @dg.op
    def broken():
        raise ValueError("the disk is full")

    assert not run_with_step(broken).success
    assert len(told) == 1
    assert "the disk is full" in told[0]


def test_a_step_that_goes_well_alerts_nobody(receiver, monkeypatch):
    url, told = receiver
    monkeypatch.setenv("CRM_ALERT_WEBHOOK", url)

    @dg.op
    def fine():
        pass

    assert run_with_step(fine).success
    assert told == []
