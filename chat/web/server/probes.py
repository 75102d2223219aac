"""Probes and collectors are answered before anything looks at their host name or sends them to https.

Orchestrators and load balancers ask by the address of a machine, over plain http, and can't set a Host header.
"""

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.urls import resolve

from chat.web.server.health import has_metrics_token
from chat.web.server.sync_and_async import Answer, SyncAndAsyncMiddleware

PROBES = frozenset({"/healthz", "/readyz"})
METRICS = "/metrics"


class ProbeMiddleware(SyncAndAsyncMiddleware):
    """Calls the views of the probes directly, and that of the metrics for a collector with its token."""

    def __call__(self, request: HttpRequest) -> Answer:
        if request.path_info not in PROBES and not (
            request.path_info == METRICS and has_metrics_token(request)
        ):
            return self.get_response(request)
        request.resolver_match = match = resolve(
            request.path_info
        )  # the log line and the metrics name the route
        view = match.func
        if self.is_async:
            return view(request) if iscoroutinefunction(view) else sync_to_async(view)(request)
        return async_to_sync(view)(request) if iscoroutinefunction(view) else view(request)
