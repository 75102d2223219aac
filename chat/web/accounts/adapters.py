"""Adapters for sign-up, mail and second factors.

Sign-up is closed by default, no page waits for a mail server, and TOTP secrets are encrypted.
"""

import base64
import contextlib
import ipaddress
import secrets
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest

from chat.engine import job_queue
from chat.models import encryption
from chat.operations.accounts import mail
from chat.web.server.origin import moved_to, public_origin

log = structlog.get_logger(__name__)

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - a connection through a socket file has no address; nothing is bound
SMTP = "django.core.mail.backends.smtp.EmailBackend"


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter whose links lead to Parley's own address. A letter that can't be sent changes no answer."""
        request = self.request
        origin = public_origin(request)
        links = {name: moved_to(url, origin) for name, url in context.items() if name.endswith("_url")}
        domain = urlsplit(origin).netloc
        site = SimpleNamespace(domain=domain, name=domain)
        whole = {"request": request, "email": email, "current_site": site, **context, **links}
        _send(self.render_mail(template_prefix, email, whole))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return who asks: the connection's other end, or what the outermost of TRUSTED_PROXIES proxies has seen.

        Each proxy appends to X-Forwarded-For what it sees; entries before those of our proxies are the asker's own.
        """
        entries = request.headers.get("X-Forwarded-For", "").split(",")
        count = settings.TRUSTED_PROXIES
        seen = entries[-count] if 0 < count <= len(entries) else ""
        return _parsed(seen) or _parsed(request.META.get("REMOTE_ADDR") or "") or UNKNOWN_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords by account and network: a stranger's tries must not lock out the account's owner.

        The host name of the request does not count: its sender chooses the port.
        """
        login = str(credentials.get("email", credentials.get("username", ""))).lower()
        return f"{_network(self.get_client_ip(request))}:{login}"


def _parsed(text: str) -> str:
    """Return an IP address, of a form with a port the address alone; an empty text when it is none."""
    text = text.strip()
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    for form in (host, host.rpartition(":")[0]):
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(form))
    return ""


def _network(address: str) -> str:
    """Return an address, of IPv6 the part that one connection gets."""
    found = ipaddress.ip_address(address)
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


def _send(letter: Any) -> None:
    """Let a job send over the network; what writes to a terminal or a file does so at once, where it is read."""
    if settings.EMAIL_BACKEND == SMTP:
        job_queue.enqueue(mail.queue_letter, mail.seal(letter))
        return
    try:
        letter.send()
    except Exception as error:  # whatever a backend raises, the person's change is done
        log.error("mail_failed", error=type(error).__name__)


class MfaAdapter(DefaultMFAAdapter):
    """Stores authenticator secrets encrypted."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt("mfa", text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return encryption.decrypt("mfa", encrypted_text)
        except InvalidToken:
            # A random secret: no code matches it, and the page works although the encryption key is lost.
            log.error("second_factor_unreadable")
            return base64.b32encode(secrets.token_bytes(20)).decode()
