"""What is watched between builds, on a real instance and a real landing folder."""

import datetime as dt
import logging
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from crm.contracts import load_tables
from crm.lake import ingestion as lake
from crm.settings import PROJECT_ROOT, load_settings
from orchestration.instance import prepare_home
from orchestration.runs import PROCESS_TAG
from orchestration.sensors import dead_runs, new_files, watch

CSV = "order_id,ordered_at,unit_price,quantity\n1,2026-01-05,9.90,1\n"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    monkeypatch.setenv("CRM_SETTLE_SECONDS", "0")
    return load_settings()


@pytest.fixture
def land(settings):
    def write(name, text=CSV):
        file = settings.landing / "standard/transactions" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


def look(sensor, instance, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return sensor(context), context.cursor


def test_an_empty_landing_folder_asks_for_nothing(settings):
    with dg.instance_for_test() as instance:
        said, _ = look(new_files, instance)
    assert isinstance(said, dg.SkipReason)


def test_a_new_file_asks_for_one_build_and_not_for_a_second(settings, land):
    land("a.csv")
    with dg.instance_for_test() as instance:
        first, cursor = look(new_files, instance)
        second, _ = look(new_files, instance, cursor)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.SkipReason)


def test_a_changed_file_asks_for_another_build(settings, land):
    land("a.csv")
    with dg.instance_for_test() as instance:
        first, cursor = look(new_files, instance)
        land("a.csv", CSV + "2,2026-01-06,1.00,1\n")
        second, _ = look(new_files, instance, cursor)
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key


def test_a_file_that_a_build_has_taken_asks_for_nothing(settings, land):
    land("a.csv")
    lake.ingest(settings, load_tables(settings), dt.datetime.now(dt.UTC))
    with dg.instance_for_test() as instance:
        said, _ = look(new_files, instance)
    assert isinstance(said, dg.SkipReason)


@pytest.fixture
def told(monkeypatch):
    """Alerts as they are sent: one log line each."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("crm.operation.alerts")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def succeeded(instance, hours_ago):
    run = instance.create_run_for_job(dg.job(name="build")(lambda: None))
    ended = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours_ago)
    for kind in (dg.DagsterEventType.RUN_START, dg.DagsterEventType.RUN_SUCCESS):
        event = dg.DagsterEvent(kind.value, "build")
        instance.handle_new_event(
            dg.EventLogEntry(
                error_info=None,
                level="debug",
                user_message="",
                run_id=run.run_id,
                timestamp=ended.timestamp(),
                job_name="build",
                dagster_event=event,
            )
        )


def test_builds_that_no_longer_happen_alert_once(settings, told):
    with dg.instance_for_test() as instance:
        succeeded(instance, hours_ago=settings.stale_after_hours + 1)
        _, cursor = look(watch, instance)
        look(watch, instance, cursor)
    assert len(told) == 1


def test_a_build_of_last_night_alerts_nobody(settings, told):
    with dg.instance_for_test() as instance:
        succeeded(instance, hours_ago=settings.stale_after_hours - 1)
        look(watch, instance)
    assert told == []


def test_an_alert_is_raised_again_when_its_cause_came_back(settings, told):
    with dg.instance_for_test() as instance:
        succeeded(instance, hours_ago=settings.stale_after_hours + 1)
        look(watch, instance, cursor="[]")
        look(watch, instance, cursor="[]")
    assert len(told) == 2


def test_switching_the_schedule_off_raises_an_alert(settings, told, monkeypatch):
    prepare_home(settings)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.home / "dagster"))
    command = [str(Path(sys.executable).with_name("dagster")), "schedule", "stop", "daily"]
    subprocess.run([*command, "-m", "orchestration.definitions"], check=True, cwd=PROJECT_ROOT)
    with dg.DagsterInstance.get() as instance:
        succeeded(instance, hours_ago=1)
        look(watch, instance)
    assert len(told) == 1
    assert "schedule is stopped" in told[0]


def test_the_queue_does_not_wait_for_a_run_that_was_killed(settings, told):
    prepare_home(settings)
    killed = subprocess.Popen(["true"])
    killed.wait()
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(
            dg.job(name="build")(lambda: None),
            status=dg.DagsterRunStatus.STARTED,
            tags={PROCESS_TAG: f"{killed.pid}:1"},
        )
        # What the queue counts as at work: one such run is as many as may be.
        at_work = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        assert instance.get_runs_count(at_work) == 1
        look(dead_runs, instance)
        assert instance.get_runs_count(at_work) == 0
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert len(told) == 1
