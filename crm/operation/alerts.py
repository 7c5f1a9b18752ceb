"""Tells people what went wrong: in the log always, by webhook and e-mail where configured.

Not here: deciding that something is wrong (`freshness.py`, the checks, the sensors), and data.
A cause names files, tables and counts, never a person.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import smtplib
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from http.client import HTTPException
from urllib.parse import urlsplit

from crm.errors import CrmError
from crm.settings import Settings

MAX_CAUSE_CHARACTERS = 2_000
TIMEOUT_SECONDS = 10.0

logger = logging.getLogger("crm.operation.alerts")


class AlertError(CrmError):
    """A channel that did not take an alert. Raised and caught here: it only reaches the log."""


@dataclass(frozen=True)
class Alert:
    """What happened (`cause`) and what to do about it (`fix`). `at` is an aware instant."""

    kind: str
    title: str
    cause: str
    fix: str
    at: dt.datetime


def send(settings: Settings, alert: Alert, timeout_seconds: float = TIMEOUT_SECONDS) -> list[str]:
    """Send to every channel and return those that took it, among `log`, `webhook` and `email`.

    Never raises for a channel that fails: that is one more line in the log, with cause and fix.
    """
    shown = _shown(alert)
    logger.error(
        "%s", " | ".join(_one_line(shown[key]) for key in ("kind", "title", "cause", "fix"))
    )
    taken = ["log"]
    if settings.alert_webhook:
        try:
            _post(settings.alert_webhook, shown, timeout_seconds)
            taken.append("webhook")
        except AlertError as error:
            logger.error("%s", _one_line(f"webhook failed | {error.cause} | {error.fix}"))
    if settings.alert_email_to:
        try:
            _mail(settings, settings.alert_email_to, shown, timeout_seconds)
            taken.append("email")
        except AlertError as error:
            logger.error("%s", _one_line(f"email failed | {error.cause} | {error.fix}"))
    return taken


def _shown(alert: Alert) -> dict[str, str]:
    cause = alert.cause
    if len(cause) > MAX_CAUSE_CHARACTERS:
        cause = cause[: MAX_CAUSE_CHARACTERS - 1] + "…"
    texts = {"kind": alert.kind, "title": alert.title, "cause": cause, "fix": alert.fix}
    # A file's name may hold bytes that are no UTF-8, which no channel could encode.
    shown = {key: text.encode(errors="replace").decode() for key, text in texts.items()}
    return {**shown, "at": alert.at.astimezone(dt.UTC).isoformat(timespec="seconds")}


def _one_line(text: str) -> str:
    """Line breaks and control characters become spaces, so that one alert is one line of a log."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _post(url: str, shown: dict[str, str], timeout_seconds: float) -> None:
    # The address may carry a secret: messages name its host alone.
    fix = "Mend CRM_ALERT_WEBHOOK or the service behind it."
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise AlertError("The webhook is no address.", fix=fix) from None
    if parts.scheme not in ("http", "https") or not host:
        raise AlertError(
            "The webhook is no http or https address.", fix="Set CRM_ALERT_WEBHOOK to one."
        )
    request = urllib.request.Request(  # noqa: S310  the scheme was checked above
        url,
        data=json.dumps(shown, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
        method="POST",
    )
    try:
        with _opener().open(request, timeout=timeout_seconds):
            pass
    except (OSError, HTTPException, ValueError) as error:
        reason = str(error) if isinstance(error, OSError) else type(error).__name__
        raise AlertError(
            f"The webhook at {host} did not take the alert: {reason}.", fix=fix
        ) from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its content, perhaps to another scheme."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    """Only http and https: urllib's own opener also takes file: and ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _NoRedirects(),
    ):
        opener.add_handler(handler)
    return opener


def _mail(settings: Settings, to: str, shown: dict[str, str], timeout_seconds: float) -> None:
    try:
        message = EmailMessage()
        message["Subject"] = _one_line(f"[crm] {shown['kind']}: {shown['title']}")
        message["From"] = settings.alert_email_from
        message["To"] = to
        message.set_content(
            f"{shown['title']}\n\nCause: {shown['cause']}\n\nFix: {shown['fix']}\n\n{shown['at']}\n"
        )
        host, port = settings.smtp_host, settings.smtp_port
        with smtplib.SMTP(host, port, timeout=timeout_seconds) as server:
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise AlertError(
            f"The mail server {settings.smtp_host}:{settings.smtp_port} did not take the alert: "
            f"{error}.",
            fix="Mend CRM_SMTP_HOST, CRM_SMTP_PORT and CRM_ALERT_EMAIL_TO, or the server.",
        ) from error
    if refused:
        raise AlertError(
            f"The mail server {settings.smtp_host} refused {len(refused)} of the recipients.",
            fix="Mend CRM_ALERT_EMAIL_TO.",
        )
