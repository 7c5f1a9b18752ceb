"""When the job runs by itself: once a day."""

from __future__ import annotations

import dagster as dg

from crm.settings import Settings
from orchestration.jobs import build


def daily(settings: Settings) -> dg.ScheduleDefinition:
    """The nightly build at the settings' time of day and zone."""
    hour, minute = settings.daily_at.split(":")
    return dg.ScheduleDefinition(
        name="daily",
        job=build,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone=settings.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
