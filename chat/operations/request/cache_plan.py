"""Measurements for a cache plan: earlier calls on the path, the frame's tokens, and how people use an assistant.

The number of queries does not grow with a conversation. Habits are counted again every ten minutes.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

from django.core.cache import caches
from django.utils import timezone

from chat.claude.billing.pricing import PriceRow, choose_price_row
from chat.claude.billing.usage import Usage
from chat.claude.cache.breakpoints import CachePlan, Rates
from chat.claude.cache.diagnostics import ExpectedCache
from chat.claude.cache.reuse import HOUR, CacheState, PastCall, ReuseShares
from chat.models import (
    ApiCall,
    Assistant,
    Conversation,
    FrameCount,
    LanguageModel,
    ProviderConnection,
    Turn,
)
from chat.operations.conversations.path import ConversationPath

HABIT_SECONDS = 600
CONVERSATIONS, TURNS, USES = 200, 2000, 300
DIAGNOSED_KINDS = ("anthropic", "simulator")


@dataclasses.dataclass(frozen=True, slots=True)
class Habits:
    """When people go on with an assistant's conversations, and how often a call goes on at once (tools)."""

    turns: ReuseShares
    immediate_share: float


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """One request's measurements; `previous` is the message id that the upstream gave to the last answer."""

    policy: str
    minimum_tokens: int
    static_tokens: int | None
    cache_state: CacheState
    expected_cache: ExpectedCache
    previous: str | None
    habits: Habits
    uses: ReuseShares

    def plan(self, prices: Iterable[PriceRow]) -> CachePlan:
        """Return what `claude.request.build_request` places breakpoints by."""
        size = self.cache_state.prompt_tokens or self.static_tokens or 0
        return CachePlan(
            policy=self.policy,
            minimum_tokens=self.minimum_tokens,
            rates=Rates.of(choose_price_row(prices, Usage(input_tokens=size))),
            static_tokens=self.static_tokens,
            cache_state=self.cache_state,
            next_call=self.habits.turns.with_immediate(self.habits.immediate_share),
            next_use=self.uses,
        )

    def diagnostics(self, connection: ProviderConnection) -> dict[str, Any]:
        """Return the parameter that asks why a cache missed, where the upstream knows it; null on the first turn."""
        if connection.kind not in DIAGNOSED_KINDS:
            return {}
        return {"diagnostics": {"previous_message_id": self.previous}}


def measure(turn: Turn, model: LanguageModel, path: ConversationPath) -> Measured:
    """Measure for the next call at the end of `path`; one cache is one connection and one model."""
    assistant = turn.conversation.assistant
    calls = [call for call in path.calls if call.model_id == model.id]
    same = [call for call in calls if call.frame_digest == turn.frame_id]
    # Another frame in between says nothing about the entries of this one.
    cache_state = CacheState.after(map(seen_call, same), timezone.now().timestamp())
    last = calls[-1] if calls else None
    return Measured(
        policy=assistant.cache_policy if assistant else Assistant.CachePolicy.AUTO,
        minimum_tokens=model.min_cacheable_tokens,
        static_tokens=_static_tokens(turn, model),
        cache_state=cache_state if last in same else CacheState(),
        expected_cache=_expected_cache(last, cache_state, same_frame=last in same),
        previous=(last.upstream_message_id or None) if last else None,
        habits=habits(assistant, model),
        uses=uses(turn.frame_id),
    )


def _static_tokens(turn: Turn, model: LanguageModel) -> int | None:
    """Return the counted tokens of a frame with tools or a prompt; any other frame has only a few.

    Frames of a project are never counted.
    """
    body = turn.frame.body
    counted = (body.get("tools") or body.get("system")) and turn.conversation.project_id is None
    return frame_tokens(turn.frame_id, model) if counted else None


def frame_tokens(digest: str, model: LanguageModel) -> int | None:
    """Return the counted tokens of a frame; None when they have not been counted."""
    counts = FrameCount.objects.filter(frame_id=digest, model_name=model.model_id)
    return counts.values_list("tokens", flat=True).first()


def habits(assistant: Assistant | None, model: LanguageModel) -> Habits:
    """Count how people use an assistant, or a model without one."""
    own = {"assistant": assistant} if assistant else {"assistant": None, "model": model}
    key = f"cache-habits:{assistant.pk if assistant else model.pk}"
    found: Habits | None = caches["process"].get(key)
    if found is None:
        found = _count_habits(own)
        caches["process"].set(key, found, HABIT_SECONDS)
    return found


def uses(digest: str) -> ReuseShares:
    """Count the gaps between the calls of one frame."""
    key = f"cache-uses:{digest}"
    found: ReuseShares | None = caches["process"].get(key)
    if found is None:
        found = _count_uses(digest)
        caches["process"].set(key, found, HABIT_SECONDS)
    return found


def seen_call(call: ApiCall) -> PastCall:
    """Return how a call's prompt was billed."""
    return PastCall(
        at=call.started_at.timestamp(),
        input_tokens=call.input_tokens,
        read_tokens=call.cache_read_tokens,
        written_5m_tokens=call.cache_write_5m_tokens,
        written_1h_tokens=call.cache_write_1h_tokens,
    )


def _expected_cache(last: ApiCall | None, cache_state: CacheState, *, same_frame: bool) -> ExpectedCache:
    if last is None:
        return ExpectedCache()
    seen = seen_call(last)
    alive = cache_state.alive_tokens if same_frame else 0
    return ExpectedCache(seen.prompt_tokens - seen.input_tokens, alive, same_frame)


def _count_habits(own: dict[str, Any]) -> Habits:
    recent = Conversation.objects.filter(**own).order_by("-last_message_at").values_list("id", flat=True)
    identifiers = list(recent[:CONVERSATIONS])
    turns = list(
        Turn.objects.filter(conversation_id__in=identifiers)
        .order_by("-id")
        .values_list("conversation_id", "created_at")[:TURNS]
    )
    calls = ApiCall.objects.filter(
        conversation_id__in=identifiers,
        purpose=ApiCall.Purpose.TURN,
        status=ApiCall.Status.SUCCEEDED,
    ).count()
    return Habits(
        ReuseShares.of(_gaps(turns, timezone.now())), max(0.0, 1 - len(turns) / calls) if calls else 0.0
    )


def _gaps(turns: list[tuple[Any, dt.datetime]], now: dt.datetime) -> list[float]:
    """Return the seconds between the turns of each conversation; infinity where no turn followed for an hour."""
    gaps: list[float] = []
    by_conversation = sorted(turns, key=lambda turn: (str(turn[0]), turn[1]))
    for _conversation, group in itertools.groupby(by_conversation, key=lambda turn: turn[0]):
        times = [created_at for _, created_at in group]
        gaps += [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
        if (now - times[-1]).total_seconds() > HOUR:
            gaps.append(float("inf"))
    return gaps


def _count_uses(digest: str) -> ReuseShares:
    calls = ApiCall.objects.filter(frame_digest=digest).order_by("-started_at", "-id")
    times = list(calls.values_list("started_at", flat=True)[:USES])
    return ReuseShares.of((after - before).total_seconds() for after, before in itertools.pairwise(times))
