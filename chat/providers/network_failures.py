"""Failures on the way to an upstream that words for people can name: a certificate, or the proxy of this server."""

import ssl
from collections.abc import Iterator
from typing import Any

from chat.claude.failures.failure import Failure, FailureKind, failure
from chat.providers.transport import proxy_of


def read_network_failure(error: BaseException) -> Failure | None:
    """Return the failure if a certificate or a proxy was in the way. In that case nothing was sent to the upstream."""
    import httpx2

    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            # aiohttp wraps the error of Python in one of the same class.
            why = getattr(getattr(cause, "certificate_error", cause), "verify_message", "")
            return failure(FailureKind.CERTIFICATE, why or "certificate refused")
    if any(isinstance(cause, httpx2.ProxyError) for cause in causes):
        return failure(FailureKind.PROXY, "the proxy could not connect to the address")
    unreached = next((cause for cause in causes if _is_unconnected(cause)), None)
    if unreached is not None and any(_goes_by_proxy(cause) for cause in causes):
        return failure(FailureKind.PROXY, f"the proxy can't be reached: {type(unreached).__name__}")
    return None


def never_connected(error: BaseException) -> bool:
    """Return whether an exception and its causes show that no connection was made, so that nothing was sent."""
    import httpx2

    unsent = httpx2.PoolTimeout, httpx2.UnsupportedProtocol
    return any(_is_unconnected(cause) or isinstance(cause, unsent) for cause in _causes(error))


def _is_unconnected(error: BaseException) -> bool:
    """Return whether an exception says that a connection could not be made.

    The SDK's aiohttp transport also raises ConnectError for a connection that ended after the request was sent; what it
    was raised from tells them apart.
    """
    import aiohttp
    import httpx2

    if isinstance(error, httpx2.ConnectError):
        ended = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError)
        cause = error.__cause__
        return not isinstance(cause, ended) or isinstance(cause, aiohttp.ClientConnectorError)
    return isinstance(error, httpx2.ConnectTimeout)


def _goes_by_proxy(error: BaseException) -> bool:
    """Return whether the environment has a proxy for the request of an error."""
    try:
        url: Any = getattr(error, "request", None) and error.request.url  # type: ignore[attr-defined]
    except RuntimeError:  # an error without its request
        return False
    return bool(url) and bool(proxy_of(str(url)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
