"""Authentication of sockets: a session with a checked Origin, or a Parley API key.

Sockets stay open long, so all identities of a process are checked again every few seconds, in four queries.
"""

import asyncio
import dataclasses
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.auth import get_user
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from chat import access
from chat.engine.database import in_database
from chat.models import ApiKey, User
from chat.operations.accounts import api_keys

log = structlog.get_logger(__name__)

CHECK_SECONDS = 3.0
# A client that does not read delays its close frame. Other sockets must not wait for it.
CLOSE_SECONDS = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class SocketIdentity:
    """A person with the session or key, and the rights at the time of the connection."""

    user: User
    rights: access.Rights
    session_key: str | None = None
    api_key: ApiKey | None = None


# Channels' middleware is not used, because it would wrap every message of the socket.
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


async def identify(scope: Mapping[str, Any]) -> SocketIdentity | None:
    """Return the identity of a socket; a key in the Authorization header takes precedence over the session.

    A page names its person in the query. Another person may have signed in since the page was loaded; then the page's
    messages, which waited for a connection, must not become theirs, and there is no identity.
    """
    identity = await _shown_identity(scope)
    named = parse_qs(scope.get("query_string", b"")).get(b"person")
    if identity is None or (named and named != [str(identity.user.pk).encode()]):
        return None
    return identity


async def _shown_identity(scope: Mapping[str, Any]) -> SocketIdentity | None:
    bearer = header(scope, b"authorization")
    if bearer is not None:
        kind, _, secret = bearer.partition(" ")
        key = await in_database(api_keys.authenticate, secret.strip()) if kind.lower() == "bearer" else None
        return await _with_rights(key.user, api_key=key) if key is not None else None
    session_key = cookie(scope, settings.SESSION_COOKIE_NAME)
    if not session_key:
        return None
    user = await get_user({"session": SessionStore(session_key)})
    return await _with_rights(user, session_key=session_key) if user.is_active else None


async def _with_rights(user: User, **shown_by: Any) -> SocketIdentity:
    rights = await in_database(access.rights, {user.pk: user})
    return SocketIdentity(user, rights[user.pk], **shown_by)


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Return whether the Origin of a socket is allowed. A socket with an API key needs no Origin.

    It uses Django's check for forms: the page's own origin, with the scheme from SECURE_PROXY_SSL_HEADER behind a
    proxy, and CSRF_TRUSTED_ORIGINS with wildcards.
    """
    if header(scope, b"authorization") is not None:
        return True
    if not header(scope, b"origin"):
        return False
    scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"))
    opening = ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, BytesIO())
    if settings.HTTPS and not opening.is_secure():
        return False  # a page gets a redirect to https there; a socket can't follow one
    return bool(CsrfViewMiddleware(_nothing)._origin_verified(opening))  # type: ignore[attr-defined]  # not in stubs


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def cookie(scope: Mapping[str, Any], name: str) -> str:
    """Return the value of a cookie of the request that opened a socket; "" if it is missing."""
    try:
        morsel = SimpleCookie(header(scope, b"cookie") or "").get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    for key, value in scope.get("headers", ()):
        if key == name:
            return str(value.decode("latin-1"))
    return None


class Guard:
    """Closes sockets whose identity has changed.

    The person signed out, was deactivated, has a new password, or lost a group or a role, or the key was revoked.
    A client that still has access connects again at once, with the new rights.
    """

    def __init__(self) -> None:
        self._sockets: dict[Any, SocketIdentity] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def add(self, socket: Any, identity: SocketIdentity) -> None:
        self._sockets[socket] = identity
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def remove(self, socket: Any) -> None:
        self._sockets.pop(socket, None)

    async def _watch(self) -> None:
        while self._sockets:
            await asyncio.sleep(CHECK_SECONDS)
            looked_at = dict(self._sockets)
            try:
                gone = await in_database(_invalid_sockets, looked_at)
            except Exception:
                log.exception("identities_not_checked")
                continue
            for socket in gone:
                self._close(socket)
            if self._closing:
                await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)

    def _close(self, socket: Any) -> None:
        self.remove(socket)
        task = asyncio.create_task(socket.end(4401))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _invalid_sockets(sockets: dict[Any, SocketIdentity]) -> list[Any]:
    """Return the sockets whose identity is no longer valid."""
    identities = sockets.values()
    ids = {identity.user.pk for identity in identities}
    people = User.objects.filter(is_active=True).in_bulk(ids)
    rights = access.rights(people)
    sessions = {identity.session_key for identity in identities if identity.session_key}
    keys = {identity.api_key.pk for identity in identities if identity.api_key}
    living = set(
        Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    valid = set(ApiKey.objects.live().filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    return [
        socket
        for socket, identity in sockets.items()
        if identity.user.pk not in people
        or identity.rights - rights[identity.user.pk]
        or (identity.api_key is not None and identity.api_key.pk not in valid)
        or (identity.api_key is None and not _session_holds(identity, living, people))
    ]


def _session_holds(identity: SocketIdentity, living: set[str], people: dict[Any, User]) -> bool:
    """Return whether the session is still valid. A new password ends it; the page that changed it connects again."""
    return identity.session_key in living and people[identity.user.pk].password == identity.user.password


guard = Guard()
