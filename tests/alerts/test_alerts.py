"""Alerts against receivers that really listen: HTTP and SMTP on a port of this machine."""

import datetime as dt
import json
import logging
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crm.operation.alerts import MAX_CAUSE_CHARACTERS, Alert, send
from crm.settings import Settings

ALERT = Alert(
    kind="failed_build",
    title="The build failed 构建失败",
    cause="3 of 12 checks failed:\nrfm.rfm_customers",
    fix="Run `crm status`.",
    at=dt.datetime(2026, 7, 1, 4, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
)


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Webhook(ThreadingHTTPServer):
    """Keeps what is posted; answers with `status`, and only once `answers` is set."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int = 204) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.status = status
        self.answers = threading.Event()
        self.answers.set()
        self.requests: list[tuple[str, str, str, bytes]] = []


class WebhookHandler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        self.server.requests.append((self.command, self.path, kind, content))
        self.server.answers.wait(30)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET = answer  # noqa: N815  names that http.server prescribes

    def log_message(self, *_) -> None:
        """Quiet."""


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of an SMTP server as takes a message; refuses recipients that begin with `no`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailboxHandler)
        self.envelopes: list[tuple[str, list[str]]] = []
        self.messages: list[EmailMessage] = []


class MailboxHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        sender, recipients = "", []
        self.say("220 mailbox")
        while command := self.rfile.readline().decode().strip():
            verb, _, rest = command.partition(" ")
            address = rest.partition("<")[2].partition(">")[0]
            if verb.lower() == "ehlo":
                self.say("250 mailbox")
            elif verb.lower() == "mail":
                sender = address
                self.say("250 OK")
            elif verb.lower() == "rcpt" and address.startswith("no"):
                self.say("550 no such user")
            elif verb.lower() == "rcpt":
                recipients.append(address)
                self.say("250 OK")
            elif verb.lower() == "data":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b"."))
                self.server.envelopes.append((sender, recipients))
                self.server.messages.append(
                    message_from_bytes(b"".join(lines), policy=policy.default)
                )
                self.say("250 taken")
            elif verb.lower() == "quit":
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    with running(server):
        yield server
        server.answers.set()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    server = Mailbox()
    with running(server):
        yield server


def settings_of(tmp_path, webhook=None, mailbox=None, to="ops@example.com", **values) -> Settings:
    if webhook is not None:
        values["alert_webhook"] = f"http://127.0.0.1:{webhook.server_address[1]}/hook/s3cret"
    if mailbox is not None:
        values |= {"alert_email_to": to, "smtp_host": "127.0.0.1"}
        values["smtp_port"] = mailbox.server_address[1]
    return Settings(home=tmp_path, **values)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_without_channels_an_alert_is_one_line_of_the_log(tmp_path, caplog):
    assert send(settings_of(tmp_path), ALERT) == ["log"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("crm.operation.alerts", logging.ERROR)
    assert record.getMessage() == (
        "failed_build | The build failed 构建失败 | 3 of 12 checks failed: rfm.rfm_customers | "
        "Run `crm status`."
    )


def test_the_webhook_receives_the_alert_as_json(tmp_path, webhook):
    assert send(settings_of(tmp_path, webhook), ALERT) == ["log", "webhook"]
    ((command, path, kind, content),) = webhook.requests
    assert (command, path, kind) == ("POST", "/hook/s3cret", "application/json; charset=utf-8")
    assert json.loads(content) == {
        "kind": "failed_build",
        "title": "The build failed 构建失败",
        "cause": "3 of 12 checks failed:\nrfm.rfm_customers",
        "fix": "Run `crm status`.",
        "at": "2026-07-01T02:30:00+00:00",
    }


def test_the_mailbox_receives_the_alert(tmp_path, mailbox):
    settings = settings_of(tmp_path, mailbox=mailbox, to="ops@example.com, data@example.com")
    assert send(settings, ALERT) == ["log", "email"]
    assert mailbox.envelopes == [("crm@localhost", ["ops@example.com", "data@example.com"])]
    (message,) = mailbox.messages
    assert message["Subject"] == "[crm] failed_build: The build failed 构建失败"
    assert message["From"] == "crm@localhost"
    text = message.get_content().replace("\r\n", "\n")
    for part in (ALERT.title, ALERT.cause, ALERT.fix, "2026-07-01T02:30:00+00:00"):
        assert part in text


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_a_webhook_that_answers_no_leaves_the_log_and_the_mail(
    tmp_path, caplog, webhook, mailbox, status
):
    webhook.status = status
    assert send(settings_of(tmp_path, webhook, mailbox), ALERT) == ["log", "email"]
    assert len(webhook.requests) == 1
    assert len(mailbox.messages) == 1
    _, failure = caplog.messages
    assert failure.startswith("webhook failed | The webhook at 127.0.0.1 did not take the alert")
    assert str(status) in failure
    assert "CRM_ALERT_WEBHOOK" in failure


def test_a_webhook_that_nobody_answers_leaves_the_log_and_the_mail(tmp_path, caplog, mailbox):
    settings = settings_of(
        tmp_path, mailbox=mailbox, alert_webhook=f"http://127.0.0.1:{free_port()}/"
    )
    assert send(settings, ALERT) == ["log", "email"]
    assert "refused" in caplog.messages[1]
    assert len(mailbox.messages) == 1


def test_a_webhook_that_never_answers_is_given_up(tmp_path, caplog, webhook, mailbox):
    webhook.answers.clear()
    settings = settings_of(tmp_path, webhook, mailbox)
    assert send(settings, ALERT, timeout_seconds=0.3) == ["log", "email"]
    assert len(webhook.requests) == 1
    assert "timed out" in caplog.messages[1]
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/hostname",
        "ftp://example.com/x",
        "example.com/hook",
        "http://",
        "http://[::1/hook",
        "http://127.0.0.1:port/s3cret",
        "http://127.0.0.1/s3cret\nx: y",
    ],
)
def test_only_http_addresses_are_posted_to_and_no_address_is_logged(
    tmp_path, caplog, mailbox, address
):
    settings = settings_of(tmp_path, mailbox=mailbox, alert_webhook=address)
    assert send(settings, ALERT) == ["log", "email"]
    assert caplog.messages[1].startswith("webhook failed | The webhook")
    assert not any("s3cret" in line or "hostname" in line for line in caplog.messages)


def test_a_mail_server_that_nobody_answers_leaves_the_log_and_the_webhook(
    tmp_path, caplog, webhook
):
    settings = settings_of(
        tmp_path,
        webhook,
        alert_email_to="ops@example.com",
        smtp_host="127.0.0.1",
        smtp_port=free_port(),
    )
    assert send(settings, ALERT) == ["log", "webhook"]
    assert caplog.messages[1].startswith("email failed | The mail server 127.0.0.1:")
    assert "CRM_SMTP_HOST" in caplog.messages[1]


@pytest.mark.parametrize(
    ("to", "mails"), [("no@example.com", 0), ("ops@example.com, no@example.com", 1)]
)
def test_a_refused_recipient_is_a_failure_that_the_log_shows(tmp_path, caplog, mailbox, to, mails):
    assert send(settings_of(tmp_path, mailbox=mailbox, to=to), ALERT) == ["log"]
    assert len(mailbox.messages) == mails
    assert caplog.messages[1].startswith("email failed | ")


def test_when_every_channel_fails_the_log_still_has_the_alert(tmp_path, caplog):
    settings = settings_of(
        tmp_path,
        alert_webhook=f"http://127.0.0.1:{free_port()}/",
        alert_email_to="ops@example.com",
        smtp_host="127.0.0.1",
        smtp_port=free_port(),
    )
    assert send(settings, ALERT) == ["log"]
    assert [line.split(" | ")[0] for line in caplog.messages] == [
        "failed_build",
        "webhook failed",
        "email failed",
    ]


@pytest.mark.parametrize("length", [MAX_CAUSE_CHARACTERS, MAX_CAUSE_CHARACTERS + 1])
def test_only_a_cause_longer_than_the_limit_is_cut(tmp_path, webhook, length):
    alert = Alert(ALERT.kind, ALERT.title, "y" * length, ALERT.fix, ALERT.at)
    send(settings_of(tmp_path, webhook), alert)
    cause = json.loads(webhook.requests[0][3])["cause"]
    assert len(cause) == MAX_CAUSE_CHARACTERS
    assert cause.endswith("…") == (length > MAX_CAUSE_CHARACTERS)


def test_a_file_name_that_is_no_unicode_reaches_every_channel(tmp_path, webhook, mailbox, caplog):
    alert = Alert("late_source", "caf\udce9\n.csv", "caf\udce9\x1b[31m.csv", "Mend it.", ALERT.at)
    assert send(settings_of(tmp_path, webhook, mailbox), alert) == ["log", "webhook", "email"]
    assert json.loads(webhook.requests[0][3])["title"] == "caf?\n.csv"
    assert mailbox.messages[0]["Subject"] == "[crm] late_source: caf? .csv"
    assert caplog.messages == ["late_source | caf? .csv | caf? [31m.csv | Mend it."]
