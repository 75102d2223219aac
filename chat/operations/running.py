"""What the engine writes while it runs a turn. Every write holds only while its owner's lease and fence do."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat import events
from chat.claude.blocks import plain_text
from chat.claude.pricing import PriceRow
from chat.claude.request import PathMessage, build
from chat.models import ApiCall, Conversation, LanguageModel, Message, ProviderConnection, Turn
from chat.models.fields import uuid7
from chat.operations import ledger
from chat.operations.compaction import api_compaction, since_summary
from chat.operations.conversations import path_to
from chat.operations.events_log import Batch


@dataclasses.dataclass(slots=True)
class Work:
    """A claimed turn and all that running it needs."""

    turn: Turn
    message: Message
    model: LanguageModel
    connection: ProviderConnection
    prices: list[PriceRow]

    @property
    def fence(self) -> int:
        return self.turn.fence

    def references(self) -> dict[str, Any]:
        """Return what a ledger row of this turn points at."""
        return {
            "user_id": self.turn.author_id,
            "api_key_id": self.turn.api_key_id,
            "conversation_id": self.turn.conversation_id,
            "turn_id": self.turn.id,
            "message_id": self.message.id,
            "frame_digest": self.turn.frame_id,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What one API call brought for its assistant message."""

    content: list[dict[str, Any]]
    status: str = Message.Status.COMPLETE
    stop_reason: str = ""
    stop_details: Any = None
    model_name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class End:
    """How a turn ends; `detail` is technical and safe to keep."""

    status: str
    stop_reason: str = ""
    error_code: str = ""
    detail: str = ""


def claim(turn_id: object, owner: str) -> Work | None:
    """Take a queued turn and write its empty assistant message; None when somebody else has it."""
    with transaction.atomic():
        turn = Turn.objects.claim(turn_id, owner)
        if turn is None:
            return None
        model = turn.model
        if model is None:
            end_without_answer(turn, End(Turn.Status.FAILED, error_code="no_model"))
            return None
        message = _new_answer(turn, turn.user_message)
    return Work(turn, message, model, model.connection, model.price_rows())


def queued_turns(limit: int = 50) -> list[Any]:
    """Return ids of turns that wait for an engine, oldest first."""
    return list(
        Turn.objects.filter(status=Turn.Status.QUEUED)
        .order_by("created_at", "id")
        .values_list("id", flat=True)[:limit]
    )


def request_for(work: Work) -> dict[str, Any]:
    """Build the keyword arguments of the next API call from the frozen frame and the path to its message.

    What a summary stands for is not sent; near the end of the context the API is asked to summarise, where it can.

    Raises:
        RequestError: the path can't be sent.
    """
    parent = work.message.parent
    path = since_summary(path_to(parent)) if parent else []
    return {**request_of(work, path), **api_compaction(work.turn, path)}


def request_of(
    work: Work,
    path: list[Message],
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> dict[str, Any]:
    """Build the arguments for an answer at the end of `path`; `asking` is one more user message behind it.

    Raises:
        RequestError: the path can't be sent.
    """
    messages = [
        PathMessage(
            role=message.role,
            content=message.content,
            frame=message.frame_id,
            complete=message.status == Message.Status.COMPLETE,
        )
        for message in path
    ]
    if asking:
        messages.append(PathMessage(role="user", content=[{"type": "text", "text": asking}]))
    return build(
        work.turn.frame.body if body is None else body,
        messages,
        max_tokens=max_tokens or work.turn.max_tokens,
        frame_digest=work.turn.frame_id,
        cache_tail="5m",
    )


def beat(owner: str, turn_ids: list[Any]) -> Mapping[Any, bool]:
    """Renew the leases of an owner's turns; returns those still held, mapped to whether a stop was asked for."""
    held = Turn.objects.filter(id__in=turn_ids, owner=owner, status=Turn.Status.RUNNING)
    held.update(heartbeat_at=timezone.now())
    return {
        identifier: asked is not None for identifier, asked in held.values_list("id", "stop_requested_at")
    }


def stop_requests(owner: str) -> list[Any]:
    """Return the owner's running turns that somebody asked to stop."""
    asked = Turn.objects.filter(owner=owner, status=Turn.Status.RUNNING, stop_requested_at__isnull=False)
    return list(asked.values_list("id", flat=True))


def open_call(work: Work, *, call: int, attempt: int) -> int:
    """Open the ledger row of one attempt; returns its id."""
    return ledger.open_call(
        key=f"{work.turn.id}:{work.fence}:{call}:{attempt}",
        model=work.model,
        purpose=ApiCall.Purpose.TURN,
        door=work.turn.door,
        attempt=attempt,
        **work.references(),
    )


def end_call(
    work: Work, owner: str, batch: Batch, *, answer: Answer | None, call: tuple[int, ledger.Settlement]
) -> bool:
    """Settle a call in the middle of a turn, keep its message and open the next one; False when the lease is lost."""
    with transaction.atomic():
        ledger.settle_call(*call)
        if (
            not Turn.objects.owned_by(owner, work.fence)
            .filter(id=work.turn.id)
            .update(heartbeat_at=timezone.now())
        ):
            return False
        keep_answer(work.message, answer or Answer([]))
        _store(batch)
        work.message = _new_answer(work.turn, work.message)
    return True


def finish(
    work: Work,
    owner: str,
    end: End,
    batch: Batch,
    *,
    answer: Answer | None,
    call: tuple[int, ledger.Settlement] | None,
) -> bool:
    """End a turn: message, ledger, last frames and status in one transaction; False when the lease is lost.

    The ledger row is settled in any case: what the upstream did has to be paid.
    """
    with transaction.atomic():
        if call is not None:
            ledger.settle_call(*call)
        owned = Turn.objects.owned_by(owner, work.fence).filter(id=work.turn.id)
        if not owned.update(last_seq=batch.first_seq + len(batch.frames) - 1, **_ended(end)):
            return False
        keep_answer(work.message, answer or Answer([], Message.Status.PARTIAL))
        _store(batch)
        Conversation.objects.filter(id=work.turn.conversation_id).update(updated_at=timezone.now())
    return True


def end_without_answer(turn: Turn, end: End) -> bool:
    """End a turn that has no answer yet, unless it moved on since `turn` was read; returns whether it ended.

    Viewers read the end from the turn's one event.
    """
    unmoved = Turn.objects.filter(id=turn.id, status=turn.status, fence=turn.fence)
    if not unmoved.update(last_seq=1, **_ended(end)):
        return False
    error = {"code": end.error_code, "message": end.detail} if end.error_code else None
    finished = events.turn_finished(status=end.status, stop_reason=None, message=None, error=error)
    _store(Batch(turn.id, turn.fence, 1, [events.encode(finished, turn=str(turn.id), seq=1)]))
    return True


def _ended(end: End) -> dict[str, Any]:
    return {
        "status": end.status,
        "stop_reason": end.stop_reason[:40],
        "error_code": end.error_code[:40],
        "error_detail": end.detail[:500],
        "finished_at": timezone.now(),
    }


def _new_answer(turn: Turn, parent: Message) -> Message:
    message = Message.objects.create(
        id=uuid7(),
        conversation_id=turn.conversation_id,
        parent=parent,
        depth=parent.depth + 1,
        role=Message.Role.ASSISTANT,
        status=Message.Status.STREAMING,
        turn=turn,
        frame_id=turn.frame_id,
        model_name=turn.model.model_id if turn.model else "",
    )
    Conversation.objects.filter(id=turn.conversation_id).update(
        active_leaf=message, last_message_at=timezone.now(), updated_at=timezone.now()
    )
    return message


def keep_answer(message: Message, answer: Answer) -> None:
    """Write an answer into its message, once: a message that is no longer being written stays as it is."""
    Message.objects.filter(id=message.id, status=Message.Status.STREAMING).update(
        content=answer.content,
        text=plain_text(answer.content),
        status=answer.status,
        stop_reason=answer.stop_reason[:40],
        stop_details=answer.stop_details,
        model_name=answer.model_name or message.model_name,
    )
    message.content, message.status = answer.content, answer.status


def _store(batch: Batch) -> None:
    if batch.frames:
        batch.row().save(force_insert=True)
