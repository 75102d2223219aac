"""Letters: sealed for the broker, sent once, and what can be tried again."""

from typing import Any

import pytest
from celery.exceptions import Retry
from django.core.mail import EmailMultiAlternatives

from chat import tasks
from chat.operations.accounts import mail
from chat.web.accounts.adapters import SMTP
from tests.support.smtp import MailServer


def letter() -> EmailMultiAlternatives:
    made = EmailMultiAlternatives(
        "Überschrift", "Follow https://x.test/key-1", "a@x.test", ["b@x.test"], headers={"X-Kind": "reset"}
    )
    made.attach_alternative("<p>key-1</p>", "text/html")
    return made


@pytest.fixture(autouse=True)
def over_smtp(settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = SMTP, "127.0.0.1", 1


def test_a_sealed_letter_shows_nothing(settings: Any) -> None:
    sealed = mail.seal(letter())
    assert "key-1" not in sealed
    assert "x.test" not in sealed


def test_a_letter_arrives_whole(settings: Any) -> None:
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        tasks.send_mail_task(mail.seal(letter()))
    (arrived,) = server.letters
    for part in (
        "Subject: =?utf-8?",
        "To: b@x.test",
        "From: a@x.test",
        "X-Kind: reset",
        "Follow https://x.test/key-1",
    ):
        assert part in arrived
    assert "<p>key-1</p>" in arrived


@pytest.mark.parametrize(
    ("refusal", "command", "temporary"),
    [
        ("550 no such person", b"RCPT", False),
        ("451 come again", b"RCPT", True),
        ("550 not from you", b"MAIL", False),
        ("421 too busy", b"MAIL", True),
        ("554 looks odd", b"DATA", False),
        ("", b"", True),
    ],
)
def test_only_a_passing_failure_is_tried_again(
    settings: Any, refusal: str, command: bytes, temporary: bool
) -> None:
    with MailServer(refusal, command=command) as server:
        settings.EMAIL_PORT = server.port if refusal else 9
        with pytest.raises(mail.NotSent) as failure:
            mail.send_letter(mail.seal(letter()))
    assert failure.value.temporary is temporary


def test_a_silent_server_ends_with_the_time_limit(settings: Any) -> None:
    with MailServer(silent=True) as server:
        settings.EMAIL_PORT = server.port
        with pytest.raises(mail.NotSent) as failure:
            mail.send_letter(mail.seal(letter()))
    assert failure.value.temporary


def test_a_server_without_tls_is_not_tried_again(settings: Any) -> None:
    with MailServer() as server:
        settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, True
        with pytest.raises(mail.NotSent) as failure:
            mail.send_letter(mail.seal(letter()))
    assert not failure.value.temporary


def test_a_server_that_refuses_the_sender_is_not_tried_again(settings: Any) -> None:
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "user", "secret"
        with pytest.raises(mail.NotSent) as failure:  # this one has no sign-in at all
            mail.send_letter(mail.seal(letter()))
    assert not failure.value.temporary


def test_a_letter_of_another_key_is_given_up(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    sealed = mail.seal(letter())
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    with pytest.raises(mail.NotSent) as failure:
        mail.send_letter(sealed)
    assert not failure.value.temporary
    assert "mail_unreadable" in caplog.text


def test_the_job_comes_again_and_then_gives_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_PORT = 9
    sealed = mail.seal(letter())
    pauses: list[int] = []

    def retry(**options: Any) -> Retry:
        pauses.append(options["countdown"])
        return Retry()

    monkeypatch.setattr(tasks.send_mail_task, "retry", retry)
    for tried in range(len(mail.RETRY_SECONDS)):
        tasks.send_mail_task.push_request(retries=tried)
        with pytest.raises(Retry):
            tasks.send_mail_task.run(sealed)
        tasks.send_mail_task.pop_request()
    tasks.send_mail_task.push_request(retries=len(mail.RETRY_SECONDS))
    tasks.send_mail_task.run(sealed)
    tasks.send_mail_task.pop_request()
    assert tuple(pauses) == mail.RETRY_SECONDS
    assert caplog.text.count("mail_failed") == len(mail.RETRY_SECONDS) + 1
    assert "b@x.test" not in caplog.text


def test_a_broker_that_is_away_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_job: Any, **_options: Any) -> None:
        raise OSError

    monkeypatch.setattr(mail.current_app, "send_task", refuse)
    mail.queue_letter("sealed")
    assert "mail_not_queued" in caplog.text
