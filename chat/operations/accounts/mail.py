"""Mail to people: a job sends it, so that no page waits for a mail server or fails with one.

A letter may hold a link that opens an account, so it crosses the broker encrypted.
"""

import contextlib
import smtplib

import orjson
import structlog
from celery import current_app
from cryptography.fernet import InvalidToken
from django.core.mail import EmailMultiAlternatives, get_connection
from kombu.exceptions import OperationalError

from chat.models import encryption

log = structlog.get_logger(__name__)

MAIL_TASK = "chat.tasks.send_mail_task"
# A mail server that is away gets a letter again after these seconds, each below the broker's visibility timeout.
RETRY_SECONDS = (30, 300, 1800)
_PURPOSE = "mail"
_FIELDS = ("subject", "body", "from_email", "to", "extra_headers")


class NotSent(Exception):
    """The letter was not sent; `temporary` says whether a later try may succeed."""

    def __init__(self, *, temporary: bool) -> None:
        super().__init__()
        self.temporary = temporary


def seal(message: EmailMultiAlternatives) -> str:
    """Return a letter as an encrypted text."""
    fields = {name: getattr(message, name) for name in _FIELDS}
    alternatives = [list(each) for each in message.alternatives]
    return encryption.encrypt(_PURPOSE, orjson.dumps([fields, alternatives]).decode())


def queue_letter(sealed: str) -> None:
    """Queue the job that sends a letter; may wait for the broker."""
    try:
        current_app.send_task(MAIL_TASK, args=[sealed])
    except (OperationalError, OSError) as error:
        log.error("mail_not_queued", error=type(error).__name__)


def send_letter(sealed: str) -> None:
    """Send a sealed letter.

    Raises:
        NotSent: the mail server refused it or can't be reached, or no key decrypts the letter.
    """
    try:
        fields, alternatives = orjson.loads(encryption.decrypt(_PURPOSE, sealed))
    except InvalidToken as error:
        log.error("mail_unreadable")
        raise NotSent(temporary=False) from error
    message = EmailMultiAlternatives(
        fields["subject"],
        fields["body"],
        fields["from_email"],
        fields["to"],
        headers=fields["extra_headers"],
        alternatives=[tuple(each) for each in alternatives],
    )
    server = get_connection()
    try:
        # Closed in any case: the backend leaves a connection open whose greeting or sign-in failed.
        with contextlib.closing(server):
            server.send_messages([message])
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(temporary=_may_work_later(error)) from error


def _may_work_later(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code < 500 for code, _reason in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code < 500
    return not isinstance(error, smtplib.SMTPNotSupportedError)
