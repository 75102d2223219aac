"""One log line and one metric for every HTTP request: person, route, status and duration.

A line never contains the query string, bodies, cookies, keys or the path (the route names the view).
"""

import asyncio
import time
import uuid

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bind_contextvars, clear_contextvars

from chat import metrics
from chat.web.server.sync_and_async import Answer, SyncAndAsyncMiddleware

log = structlog.get_logger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Monitoring requests these every few seconds. Their lines would hide the others.
QUIET = frozenset({"healthz", "readyz", "metrics"})
CLIENT_GONE = 499


class RequestLogMiddleware(SyncAndAsyncMiddleware):
    """Sets a new id on each request (no header is trusted) and returns it as X-Request-ID."""

    def __call__(self, request: HttpRequest) -> Answer:
        if self.is_async:
            return self._answer(request)
        request_id, began = _begin()
        response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]
        response["X-Request-ID"] = request_id
        _end(request, response.status_code, began)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        request_id, began = _begin()
        try:
            response = await self.get_response(request)  # type: ignore[misc]
        except asyncio.CancelledError:
            _end(request, CLIENT_GONE, began)
            raise
        response["X-Request-ID"] = request_id
        _end(request, response.status_code, began)
        return response


def _begin() -> tuple[str, float]:
    """Start an empty log context, without values of an earlier request of this thread or task."""
    request_id = uuid.uuid4().hex
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    return request_id, time.perf_counter()


def _end(request: HttpRequest, status: int, began: float) -> None:
    seconds = time.perf_counter() - began
    method = request.method if request.method in METHODS else "OTHER"
    route = request.resolver_match.route if request.resolver_match else ""
    metrics.HTTP_REQUESTS.labels(method, route, status).inc()
    metrics.HTTP_SECONDS.labels(method, route).observe(seconds)
    quiet = status < 400 and (not route or route in QUIET)
    write = log.debug if quiet else log.warning if status >= 500 else log.info
    write(
        "request",
        method=method,
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        user=_known_user(request),
    )


def _known_user(request: HttpRequest) -> str | None:
    """Return the person's id if the user was already loaded; a log line must not cause a query."""
    found = vars(request)
    user = found.get("api_user") or found.get("_cached_user") or found.get("_acached_user")
    return str(user.pk) if user is not None and user.is_authenticated else None
