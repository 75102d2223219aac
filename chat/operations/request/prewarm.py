"""Pre-warming: an assistant's prompt is written into the cache, or refreshed in it, before it is needed, if that pays.

Warming costs a cache write, or a read while the entry still lives, and saves the writes that calls would cause within
the entry's lifetime. Their number is estimated from the same time of day in the last two weeks. So a morning on which
five people begin at once is prepared for, and an assistant that is not used costs nothing.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from chat.claude.billing.pricing import choose_price_row
from chat.claude.billing.usage import Usage
from chat.claude.cache.breakpoints import CachePlan, Rates, place_breakpoints
from chat.claude.cache.cache_control import blocks_with_breakpoints, lifetime_of
from chat.claude.cache.reuse import FIVE_MINUTES, HOUR
from chat.claude.request import mcp_connector
from chat.models import ApiCall, Assistant, Frame, LanguageModel
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.operations.request.adaptation import refuse_cache_control
from chat.operations.request.cache_plan import frame_tokens, uses
from chat.operations.request.frame import freeze_frame
from chat.providers.upstream import UpstreamError
from chat.tools.connector import reachable_servers

DAYS = 14
# The job runs every minute. Entries that expire before its next run are warmed now.
EXPIRES_SOON_SECONDS = 90.0
WARMABLE_KINDS = ("anthropic", "aws", "google_cloud", "simulator")
TOGETHER = dt.timedelta(seconds=15)
SECONDS = {"5m": FIVE_MINUTES, "1h": HOUR}


@dataclasses.dataclass(frozen=True, slots=True)
class WarmUp:
    """A request that only writes or refreshes an assistant's prompt in the cache."""

    assistant: Assistant
    model: LanguageModel
    frame: Frame
    request: dict[str, Any]


def due_warm_ups() -> list[WarmUp]:
    """Return the warm-ups that save more than they cost now."""
    marked = Assistant.objects.filter(prewarm=True, enabled=True, model__in=LanguageModel.objects.usable())
    rows = marked.exclude(cache_policy=Assistant.CachePolicy.NONE).select_related(
        "model__connection", "prompt"
    )
    return [found for assistant in rows.by_preference() if (found := _warm_up(assistant))]


def warm(job: WarmUp) -> bool:
    """Send a warm-up, unless another worker has just done so; return whether it was sent.

    Raises:
        BudgetExceeded: a budget of the assistant or of all has too little left.
        ConnectionUnusable, UpstreamError: it failed; its ledger row is settled.
    """
    if not cache.add(f"prewarm:{job.assistant.pk}:{job.frame.pk}", 1, EXPIRES_SOON_SECONDS / 2):
        return False
    names = mcp_connector.servers_of(job.request)
    reached = async_to_sync(reachable_servers)(names, None, connection=job.model.connection)
    if reached.missing:
        return False  # the server was switched off; the next frame does not have it
    request = mcp_connector.with_servers(job.request, reached.servers)
    try:
        call_model(
            job.model,
            request,
            purpose=ApiCall.Purpose.PREWARM,
            door="job",
            payer=Payer(assistant_id=job.assistant.pk),
            frame_digest=job.frame.digest,
        )
    except UpstreamError as error:
        # Without breakpoints a warm-up is of no use, so it is not repeated without them.
        if error.failure.refuses_cache_control and "cache" in error.failure.message.lower():
            refuse_cache_control(job.model.connection)
        raise
    return True


def _warm_up(assistant: Assistant) -> WarmUp | None:
    model = assistant.model
    if model is None or model.connection.kind not in WARMABLE_KINDS:
        return None
    if not model.connection.takes_cache_control:
        return None
    frame = freeze_frame(model=model, assistant=assistant)
    body = _warming_body(assistant, model, frame)
    if body is None:
        return None
    lifetime = lifetime_of(blocks_with_breakpoints(body)[-1])
    rates = Rates.of(choose_price_row(model.price_rows(), Usage()))
    left = _seconds_left(frame, lifetime)
    if left > EXPIRES_SOON_SECONDS:
        return None
    write = rates.write_1h if lifetime == "1h" else rates.write_5m
    cost = rates.read if left > 0 else write
    if _expected_writes(frame, SECONDS[lifetime]) * (write - rates.read) <= cost:
        return None
    message = {"role": "user", "content": "."}
    request = {**body, "max_tokens": 0, "messages": [message]}
    return WarmUp(assistant, model, frame, {key: value for key, value in request.items() if key != "model"})


def _warming_body(assistant: Assistant, model: LanguageModel, frame: Frame) -> dict[str, Any] | None:
    """Return the frame's body with the breakpoints of real requests; None if nothing can be warmed."""
    thinking, config = frame.body.get("thinking") or {}, frame.body.get("output_config") or {}
    if thinking.get("type") == "enabled" or "format" in config:
        return None  # the API refuses to warm these
    plan = CachePlan(
        policy=assistant.cache_policy,
        minimum_tokens=model.min_cacheable_tokens,
        rates=Rates.of(choose_price_row(model.price_rows(), Usage())),
        static_tokens=frame_tokens(frame.digest, model),
        next_use=uses(frame.digest),
    )
    body, _messages = place_breakpoints(plan, frame.body, [])
    return body if blocks_with_breakpoints(body) else None


def _seconds_left(frame: Frame, lifetime: str) -> float:
    """Return how many seconds the frame's entry still lives, 0 if it has expired. Every hit refreshes it."""
    calls = ApiCall.objects.filter(frame_digest=frame.digest, usage__isnull=False)
    last = calls.order_by("-started_at", "-id").values_list("started_at", flat=True).first()
    if last is None:
        return 0.0
    return max(0.0, SECONDS[lifetime] - (timezone.now() - last).total_seconds())


def _expected_writes(frame: Frame, seconds: float) -> float:
    """Return how many calls a day would find no entry in the next `seconds` at this time of day."""
    now, length = timezone.now(), dt.timedelta(seconds=seconds)
    calls = ApiCall.objects.settled().filter(frame_digest=frame.digest, usage__isnull=False)
    earliest = calls.order_by("started_at").values_list("started_at", flat=True).first()
    days = min(DAYS, -(-(now - earliest) // dt.timedelta(days=1))) if earliest else 0
    windows = [now - dt.timedelta(days=ago) for ago in range(1, days + 1)]
    if not windows:
        return 0.0
    near = Q()
    for begins in windows:
        near |= Q(started_at__gte=begins - length, started_at__lt=begins + length)
    rows = calls.filter(near).order_by("started_at", "id")
    return sum(_writes(rows, begins, length) for begins in windows) / days


def _writes(rows: Iterable[ApiCall], begins: dt.datetime, length: dt.timedelta) -> int:
    """Count the calls of one window that found no entry, or would have found none without warming.

    Calls that begin at the same time would all have written: none can read an entry that another is still writing.
    """
    near = [row for row in rows if begins - length <= row.started_at < begins + length]
    warmed = any(row.purpose == ApiCall.Purpose.PREWARM for row in near)
    asked = [row for row in near if row.started_at >= begins and row.purpose != ApiCall.Purpose.PREWARM]
    cold = sum(not row.cache_read_tokens for row in asked)
    together = sum(row.started_at - asked[0].started_at <= TOGETHER for row in asked) if warmed else 0
    return max(cold, together)
