"""Health checks and metrics of a process."""

import asyncio
import datetime as dt
import hmac
from collections.abc import Awaitable, Callable, Iterator

import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from chat import metrics
from chat.engine.database import in_database
from chat.models import ApiCall, Turn, missing_migrations

log = structlog.get_logger(__name__)

# A part that does not answer within this time counts as broken.
PATIENCE_SECONDS = 5
LEDGER_WINDOW = dt.timedelta(days=1)


@require_safe
async def healthz(_request: HttpRequest) -> HttpResponse:
    """Return 200 if the process is alive. It checks nothing else, so that a slow database causes no restart."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
async def readyz(_request: HttpRequest) -> HttpResponse:
    """Return the state of each part; 503 if one does not work."""
    checks: dict[str, Callable[[], Awaitable[None]]] = {
        "database": _database,
        "channel_layer": _channel_layer,
        "migrations": _migrations,
    }
    results = await asyncio.gather(*(_state(name, check) for name, check in checks.items()))
    ready = all(result == "ok" for result in results)
    body = {"status": "ok" if ready else "unavailable", "parts": dict(zip(checks, results, strict=True))}
    return JsonResponse(body, status=200 if ready else 503)


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Return metrics in Prometheus' text format, for staff or with METRICS_TOKEN."""
    if not (has_metrics_token(request) or (request.user.is_active and request.user.is_staff)):
        return HttpResponse(
            "Sign in as staff or send the metrics token.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    text = generate_latest(metrics.REGISTRY) + generate_latest(StoredFigures())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class StoredFigures:
    """Metrics of the whole installation, read from the database at each scrape with indexed, bounded queries."""

    def collect(self) -> Iterator[Metric]:
        turns = GaugeMetricFamily(
            "parley_database_turns", "Unfinished turns of all processes, by status.", labels=["status"]
        )
        unfinished = Turn.objects.active().order_by().values_list("status")
        for status, count in unfinished.annotate(count=Count("id")):
            turns.add_metric([status], count)
        yield turns
        calls = GaugeMetricFamily(
            "parley_ledger_calls", "Ledger rows of the last 24 hours, by status.", labels=["status"]
        )
        cost = GaugeMetricFamily(
            "parley_ledger_cost_usd", "Their cost in USD, by certainty.", labels=["certainty"]
        )
        recent = ApiCall.objects.filter(started_at__gte=timezone.now() - LEDGER_WINDOW).order_by()
        for status, count in recent.values_list("status").annotate(count=Count("id")):
            calls.add_metric([status], count)
        for certainty, total in recent.values_list("certainty").annotate(total=Sum("cost_usd")):
            cost.add_metric([certainty], float(total))
        yield calls
        yield cost


def has_metrics_token(request: HttpRequest) -> bool:
    """Return whether the request carries METRICS_TOKEN."""
    sent = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(sent.encode(), expected.encode())


async def _state(name: str, check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check()
    except Exception as error:
        log.warning("not_ready", part=name, error=type(error).__name__)
        return "unavailable"
    return "ok"


async def _database() -> None:
    await in_database(_select_one)


async def _migrations() -> None:
    if await in_database(missing_migrations.are_missing, remembered=True):
        raise RuntimeError("migrations are missing")


async def _channel_layer() -> None:
    """Send to an empty group: this reaches the broker and leaves nothing behind."""
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    await layer.group_send("parley.ready", {"type": "ready"})


def _select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
