"""What a draft would cost to send: its tokens, those of everything before it, and which of them the cache holds.

It is asked for while a person types, so it reads no contents: what stands before the draft is known from the usage of
the last call on the path. The number of queries does not depend on the length of the conversation.
"""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone

from chat import access
from chat.claude.billing.pricing import choose_price_row, price
from chat.claude.billing.usage import Usage
from chat.claude.cache.reuse import FIVE_MINUTES, HOUR, MARGIN_SECONDS, CacheState
from chat.claude.limits.context_window import context_tokens
from chat.models import ApiCall, Assistant, Conversation, Frame, LanguageModel, Message, User
from chat.models.ids import MessageId
from chat.operations.conversations.path import CALLS_BACK
from chat.operations.conversations.selection import Answering, configure, resolve_choice
from chat.operations.errors import not_found
from chat.operations.request.cache_plan import frame_tokens, seen_call
from chat.operations.request.frame import freeze_frame
from chat.operations.request.knowledge import document_tokens, knowledge_for
from chat.operations.request.token_counts import count_request, user_message

ROOT = "root"
BYTES_PER_TOKEN = 3


@dataclasses.dataclass(frozen=True, slots=True)
class SendEstimate:
    """Tokens of a draft, with its prompt and tools in a new conversation, and of what stands before it.

    `cached_tokens` of them are read from the cache. `cost_usd` is the cost of reading all of it, without the answer;
    None if the model has no price. `exact` is whether the draft was counted by the provider.
    """

    draft_tokens: int
    used_tokens: int
    cached_tokens: int
    cost_usd: Decimal | None
    exact: bool

    @property
    def total_tokens(self) -> int:
        return self.draft_tokens + self.used_tokens


def estimate_send(
    *,
    user: User,
    text: str,
    file_tokens: int = 0,
    conversation_id: object = None,
    parent_id: object = None,
    assistant_id: object = None,
    model_id: object = None,
    effort: object = None,
    tools_off: object = None,
    project_id: object = None,
) -> SendEstimate:
    """Estimate what a person's next message costs to send; `file_tokens` are those of its files.

    `project_id` is the project in which a new conversation would begin.

    Raises:
        OperationError: not_found, invalid, assistant_unavailable, no_model, connection_unusable.
    """
    conversation = _conversation(user, conversation_id)
    answering = resolve_choice(user, conversation, assistant_id, model_id)
    wishes = Conversation(
        effort=conversation.effort if conversation else "",
        tools_off=conversation.tools_off if conversation else [],
    )
    configure(wishes, effort=effort, tools_off=tools_off)
    frame = freeze_frame(
        model=answering.model,
        assistant=answering.assistant,
        author=user,
        knowledge=knowledge_for(conversation, user, answering.model, project_id),
        effort=wishes.effort,
        tools_off=wishes.tools_off,
    )
    leaf = _leaf(conversation, parent_id)
    used, cached = _above(leaf, frame, answering.model) if leaf else (0, _shared(frame, answering.model))
    head = {} if leaf else frame.body
    count = count_request(
        answering.model, {**head, "messages": [user_message(text if text.strip() else ".")]}
    )
    draft = count.tokens + file_tokens + document_tokens(head)
    cost = _cost(answering, cached=min(cached, used + draft), total=used + draft)
    return SendEstimate(draft, used, min(cached, used + draft), cost, count.exact and draft == count.tokens)


def _conversation(user: User, conversation_id: object) -> Conversation | None:
    if conversation_id is None:
        return None
    found = access.find_conversation(user, conversation_id)
    if found is None:
        raise not_found()
    return found


def _leaf(conversation: Conversation | None, parent_id: object) -> MessageId | None:
    """Return the message that the draft follows; None at a beginning."""
    if conversation is None or parent_id == ROOT:
        return None
    if parent_id is None:
        return conversation.active_leaf_id
    found = conversation.messages.filter(id=access.as_id(parent_id)).values_list("id", flat=True).first()
    if found is None:
        raise not_found()
    return found


def _above(leaf: MessageId, frame: Frame, model: LanguageModel) -> tuple[int, int]:
    """Return the tokens of a path, and how many of them this model's cache holds."""
    start = _start(leaf)
    lowest = Message.objects.path_to(leaf, 2 * CALLS_BACK).filter(depth__gte=start).values("id")
    calls = list(
        ApiCall.objects.filter(
            message__in=lowest, purpose=ApiCall.Purpose.TURN, status=ApiCall.Status.SUCCEEDED
        ).order_by("started_at", "id")
    )
    if not calls:
        return _estimated(leaf, start), 0
    used = context_tokens(calls[-1].usage)
    own = [call for call in calls if call.model_id == model.pk]
    same = [call for call in own if call.frame_digest == frame.digest]
    if not same or same[-1] is not own[-1]:
        return used, 0
    state = CacheState.after(map(seen_call, same), timezone.now().timestamp())
    return used, state.alive_tokens


def _start(leaf: MessageId) -> int:
    """Return the depth from which a path is sent: that of its last written summary, else 0."""
    summaries = Message.objects.path_to(leaf).filter(kind=Message.Kind.SUMMARY).exclude(text="")
    return summaries.order_by("-depth").values_list("depth", flat=True).first() or 0


def _estimated(leaf: MessageId, start: int) -> int:
    """Estimate the tokens of a path without calls, such as that of a copy, by the length of its contents."""
    rows = Message.objects.path_to(leaf).filter(depth__gte=start).order_by()
    length = rows.aggregate(sum=Sum(Length("content")))["sum"]
    return int(length or 0) // BYTES_PER_TOKEN


def _shared(frame: Frame, model: LanguageModel) -> int:
    """Return the tokens of a prompt that other conversations have put into the cache."""
    now, tokens = timezone.now(), frame_tokens(frame.digest, model)
    since = now - dt.timedelta(seconds=HOUR - MARGIN_SECONDS)
    calls = ApiCall.objects.filter(frame_digest=frame.digest, model=model, started_at__gte=since)
    last = calls.order_by("-started_at", "-id").first()
    if tokens is None or last is None or tokens < model.min_cacheable_tokens:
        return 0
    lives = HOUR if last.cache_write_1h_tokens else FIVE_MINUTES
    alive = (now - last.started_at).total_seconds() < lives - MARGIN_SECONDS
    return tokens if alive and (last.cache_read_tokens or last.cache_write_5m_tokens or lives == HOUR) else 0


def _cost(answering: Answering, *, cached: int, total: int) -> Decimal | None:
    """Return the cost of reading a prompt of `total` tokens; what is not cached is written to the cache."""
    model, assistant = answering.model, answering.assistant
    policy = assistant.cache_policy if assistant else Assistant.CachePolicy.AUTO
    writes = (
        policy != Assistant.CachePolicy.NONE
        and total >= model.min_cacheable_tokens
        and model.connection.takes_cache_control
    )
    new: dict[str, Any] = {"input_tokens": total - cached}
    if writes:
        column = (
            "cache_write_1h_tokens" if policy == Assistant.CachePolicy.ONE_HOUR else "cache_write_5m_tokens"
        )
        new = {column: total - cached}
    usage = Usage(cache_read_tokens=cached, **new)
    row = choose_price_row(model.price_rows(), usage)
    return price(usage, row).total if row is not None else None
