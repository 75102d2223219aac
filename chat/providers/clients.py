"""SDK clients of connections. An asynchronous client belongs to one event loop and lives as long as its settings.

The SDK's retries are disabled, because the engine retries: it shows and counts its retries, and they can be
stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext

from chat.models import ProviderConnection
from chat.models.credentials import CredentialProblem
from chat.providers import entra, sdk
from chat.providers.client_factory import make_client

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic

# A job must not hang on a slow upstream; a stream is timed by the engine.
JOB_TIMEOUT_SECONDS = 60.0
JOB_ANSWER_SECONDS = 120.0


class ConnectionUnusable(Exception):
    """The connection's settings show that it can't work; the message is for people."""


@dataclasses.dataclass(slots=True, eq=False)
class _Entry:
    client: AsyncAnthropic
    fingerprint: tuple[object, ...] = dataclasses.field(repr=False)  # the credential is in it
    leases: int = 0
    retired: bool = False


class ClientPool:
    """The clients of one event loop. A client whose settings changed is closed after its last stream."""

    def __init__(self) -> None:
        self._entries: dict[object, _Entry] = {}

    @contextlib.asynccontextmanager
    async def lease(self, connection: ProviderConnection) -> AsyncIterator[AsyncAnthropic]:
        """Yield the connection's client for one call.

        Raises:
            ConnectionUnusable: a setting or the credential is missing or wrong, or the connection is
                disabled.
        """
        entry = await self._entry(connection)
        entry.leases += 1
        try:
            yield entry.client
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
        fresh = _Entry(_async_client(connection), wanted)
        self._entries[connection.id] = fresh
        # Running streams keep the old client; the last of them closes it.
        if entry is not None:
            entry.retired = True
            if not entry.leases:
                await entry.client.close()
        return fresh


@contextlib.contextmanager
def sync_client(connection: ProviderConnection) -> Iterator[Anthropic]:
    """Yield a synchronous client for a job or a command.

    Raises:
        ConnectionUnusable: a setting or the credential is missing or wrong, or the connection is disabled.
    """
    import httpx2

    from chat.providers.response_deadline import deadline_client

    timeout = httpx2.Timeout(JOB_TIMEOUT_SECONDS, connect=connection.connect_timeout_seconds)
    with (
        contextlib.closing(deadline_client(timeout, JOB_ANSWER_SECONDS)) as transport,
        _new_client(connection, asynchronous=False, timeout=timeout, http_client=transport) as client,
    ):
        yield client


def _async_client(connection: ProviderConnection) -> AsyncAnthropic:
    import httpx2
    from anthropic import DefaultAioHttpClient

    timeout = httpx2.Timeout(
        connection.content_idle_seconds,
        connect=connection.connect_timeout_seconds,
        pool=connection.connect_timeout_seconds,
    )
    limits = httpx2.Limits(
        max_connections=connection.max_concurrency,
        max_keepalive_connections=min(connection.max_concurrency, 100),
    )
    transport = DefaultAioHttpClient(timeout=timeout, limits=limits)
    # Clients of other platforms are not subclasses, but have the same interface where it is used here.
    made = _new_client(connection, asynchronous=True, timeout=timeout, http_client=transport)
    return cast("AsyncAnthropic", made)


def _new_client(connection: ProviderConnection, **options: Any) -> Any:
    problem = connection.problem()
    if problem:
        raise ConnectionUnusable(problem)
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
