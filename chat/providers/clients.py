"""SDK clients of connections. An asynchronous client belongs to one event loop and lives as long as its settings.

The SDK's retries are disabled, because the engine retries: it shows and counts its retries, and they can be
stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, cast

import structlog
from django.utils.translation import gettext

from chat.claude.failures.redaction import Redactor
from chat.models import ProviderConnection
from chat.models.catalogue.credentials import CredentialProblem, secrets_of
from chat.providers import entra, sdk
from chat.providers.client_factory import make_client
from chat.providers.transport import proxy_of, transport_options

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic

log = structlog.get_logger(__name__)

# A job must not hang on a slow upstream; a stream is timed by the engine.
JOB_TIMEOUT_SECONDS = 60.0
JOB_ANSWER_SECONDS = 120.0
# The engine ends silent streams. The transport's own limit must be longer: it knows nothing of pings.
LONGER_THAN_SILENCE_SECONDS = 15
PROXY_SCHEMES = ("http", "https")


class ConnectionUnusable(Exception):
    """The connection's settings show that it can't work; the message is for people."""


@dataclasses.dataclass(slots=True, eq=False)
class _Entry:
    client: AsyncAnthropic
    fingerprint: tuple[object, ...] = dataclasses.field(repr=False)  # the credential is in it
    redactor: Redactor = dataclasses.field(repr=False)
    leases: int = 0
    retired: bool = False


class ClientPool:
    """The clients of one event loop. A client whose settings changed is closed after its last stream."""

    def __init__(self) -> None:
        self._entries: dict[object, _Entry] = {}

    @contextlib.asynccontextmanager
    async def lease(self, connection: ProviderConnection) -> AsyncIterator[AsyncAnthropic]:
        """Yield the connection's client for one call. Errors that leave the block don't show its secrets.

        Raises:
            ConnectionUnusable: a setting or the credential is missing or wrong, or the connection is
                disabled.
        """
        entry = await self._entry(connection)
        entry.leases += 1
        try:
            yield entry.client
        except Exception as error:
            entry.redactor.clean_error(error)
            raise
        finally:
            entry.leases -= 1
            if entry.retired and not entry.leases:
                await entry.client.close()

    async def close(self) -> None:
        """Close all clients, also those with running streams."""
        entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            await entry.client.close()

    async def _entry(self, connection: ProviderConnection) -> _Entry:
        await sdk.ensure_loaded(connection.platform.sdk_class)
        if entra.uses_entra(connection):
            await sdk.ensure_loaded(sdk.ENTRA)
        wanted = _fingerprint(connection)
        entry = self._entries.get(connection.id)
        if entry is not None and entry.fingerprint == wanted:
            return entry
        redactor = _redactor(connection)
        fresh = _Entry(_async_client(connection, redactor), wanted, redactor)
        self._entries[connection.id] = fresh
        # Running streams keep the old client; the last of them closes it.
        if entry is not None:
            entry.retired = True
            if not entry.leases:
                await entry.client.close()
        return fresh


@contextlib.contextmanager
def sync_client(connection: ProviderConnection) -> Iterator[Anthropic]:
    """Yield a synchronous client for a job or a command. Errors that leave the block don't show its secrets.

    Raises:
        ConnectionUnusable: a setting or the credential is missing or wrong, or the connection is disabled.
    """
    import httpx2
    from anthropic import DefaultHttpxClient

    from chat.providers.response_deadline import deadline
    from chat.providers.response_guard import ResponseGuard

    _require_usable(connection)
    redactor = _redactor(connection)
    timeout = httpx2.Timeout(JOB_TIMEOUT_SECONDS, connect=connection.connect_timeout_seconds)
    hooks = [deadline(JOB_ANSWER_SECONDS), ResponseGuard(redactor).sync_hook]
    with (
        contextlib.closing(_transport(DefaultHttpxClient, connection, hooks, timeout=timeout)) as transport,
        _new_client(connection, asynchronous=False, timeout=timeout, http_client=transport) as client,
    ):
        try:
            yield client
        except Exception as error:
            redactor.clean_error(error)
            raise


def _async_client(connection: ProviderConnection, redactor: Redactor) -> AsyncAnthropic:
    import httpx2
    from anthropic import DefaultAioHttpClient

    from chat.providers.body_end import end_with_connection
    from chat.providers.response_guard import ResponseGuard

    _require_usable(connection)
    timeout = httpx2.Timeout(
        connection.content_idle_seconds + LONGER_THAN_SILENCE_SECONDS,
        connect=connection.connect_timeout_seconds,
        pool=connection.connect_timeout_seconds,
    )
    limits = httpx2.Limits(
        max_connections=connection.max_concurrency,
        max_keepalive_connections=min(connection.max_concurrency, 100),
    )
    hooks = [end_with_connection, ResponseGuard(redactor).async_hook]
    transport = _transport(DefaultAioHttpClient, connection, hooks, timeout=timeout, limits=limits)
    # Clients of other platforms are not subclasses, but have the same interface where it is used here.
    made = _new_client(connection, asynchronous=True, timeout=timeout, http_client=transport)
    return cast("AsyncAnthropic", made)


def _transport(made: Any, connection: ProviderConnection, hooks: list[Any], **options: Any) -> Any:
    """Return the HTTP client below the SDK's, with the proxies and certificates of the environment."""
    address = connection.address()
    scheme, separator, _rest = proxy_of(address).partition("://")
    try:
        if separator and scheme.lower() not in PROXY_SCHEMES:
            raise ValueError("aiohttp would refuse this proxy with the first request only")
        return made(**transport_options(address, hooks), **options)
    except (ImportError, OSError, ValueError) as error:
        log.warning("transport_unusable", error=type(error).__name__)
        raise ConnectionUnusable(
            gettext(
                "The proxy or the certificates of this server’s environment can’t be used. Check HTTP_PROXY, "
                "HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
            )
        ) from None


def _redactor(connection: ProviderConnection) -> Redactor:
    """Return what keeps the connection's secrets out of errors; an unreadable credential is sent nowhere."""
    secret = connection.secret()
    with contextlib.suppress(CredentialProblem):
        return Redactor(secrets_of(connection.read_credential()))
    return Redactor([secret])


def _require_usable(connection: ProviderConnection) -> None:
    problem = connection.problem()
    if problem:
        raise ConnectionUnusable(problem)


def _new_client(connection: ProviderConnection, **options: Any) -> Any:
    try:
        return make_client(connection, default_headers=_headers(connection), **options)
    except CredentialProblem as changed:  # the environment variable has changed since the check
        raise ConnectionUnusable(str(changed)) from None
    except ValueError:
        # For example an unreadable private key: the library's message may quote a part of it.
        raise ConnectionUnusable(gettext("The credential can't be used. Enter it again.")) from None


def _headers(connection: ProviderConnection) -> dict[str, str]:
    """Return extra headers: llama.cpp closes its socket after a stream despite keep-alive (docs/decisions)."""
    return {"Connection": "close"} if connection.kind == ProviderConnection.Kind.LOCAL else {}


def _fingerprint(connection: ProviderConnection) -> tuple[object, ...]:
    return (
        connection.kind,
        connection.address(),
        connection.region,
        connection.project,
        connection.workspace,
        connection.ambient,
        connection.secret(),
        connection.enabled,
        connection.connect_timeout_seconds,
        connection.content_idle_seconds,
        connection.max_concurrency,
    )
