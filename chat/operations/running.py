"""What the engine writes while it runs a turn. Every write holds only while its owner's lease and fence do."""

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from chat import events
from chat.claude import worst_case
from chat.claude.blocks import plain_text
from chat.claude.diagnosis import Foreseen
from chat.claude.pricing import PriceRow
from chat.claude.request import PathMessage, build
from chat.models import ApiCall, Conversation, LanguageModel, Message, ProviderConnection, ToolCall, Turn
from chat.models.fields import uuid7
from chat.operations import budgets, ledger, tool_rounds
from chat.operations.attachments import resolve_path
from chat.operations.binding import account_tag, binding, path_message
from chat.operations.budgets import Payer
from chat.operations.cache_plan import Measured, measure
from chat.operations.compaction import api_compaction, since_summary
from chat.operations.conversations import path_to
from chat.operations.events_log import Batch
from chat.operations.frames import answer_limit, frame_for, freeze_frame, takes_system_role


class LeaseLost(Exception):
    """Another process has taken the turn, or ended it."""


@dataclasses.dataclass(slots=True)
class Work:
    """A claimed turn and all that running it needs."""

    turn: Turn
    message: Message
    model: LanguageModel
    connection: ProviderConnection
    prices: list[PriceRow]
    foreseen: Foreseen = dataclasses.field(default_factory=Foreseen)
    # Answers begun so far; one that waited for a person goes on with the tools of its last one.
    calls: int = 1
    resumed: bool = False

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
    """Take a queued turn and write its empty assistant message; None when somebody else has it.

    A turn that waited for a person comes with its last answer, whose tools were decided about.
    """
    with transaction.atomic():
        turn = Turn.objects.claim(turn_id, owner)
        if turn is None:
            return None
        model = turn.model
        if model is None:
            end_unowned(turn, End(Turn.Status.FAILED, error_code="no_model"))
            return None
        answers = turn.messages.filter(role=Message.Role.ASSISTANT)
        known = answers.order_by("-depth", "-id").first()
        message = known or _new_answer(turn, turn.user_message)
        calls = answers.count()
    resumed = known is not None
    return Work(turn, message, model, model.connection, model.price_rows(), calls=calls, resumed=resumed)


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
    request, measured = _measured_request(work, path)
    work.foreseen = measured.foreseen
    work.message.binding = binding(account_tag(work.connection), work.turn.frame_id, request["messages"])
    return {**request, **api_compaction(work.turn, path)}


def request_of(
    work: Work,
    path: list[Message],
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> dict[str, Any]:
    """Build the arguments for an answer at the end of `path`; `asking` is one more user message behind it.

    `body` and `max_tokens` stand for those of the turn.

    Raises:
        RequestError: the path can't be sent.
    """
    return _measured_request(work, path, body=body, asking=asking, max_tokens=max_tokens)[0]


def _measured_request(
    work: Work,
    path: list[Message],
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> tuple[dict[str, Any], Measured]:
    body = work.turn.frame.body if body is None else body
    path = resolve_path(path, work.model, body)
    account = account_tag(work.connection)
    measured = measure(work.turn, work.model, path)
    messages = [path_message(message, account) for message in path]
    if asking:
        messages.append(PathMessage(role="user", content=[{"type": "text", "text": asking}]))
    request = build(
        body,
        messages,
        max_tokens=max_tokens or work.turn.max_tokens,
        frame_digest=work.turn.frame_id,
        cache=measured.plan(work.prices),
        system_role=takes_system_role(work.model),
    )
    return {**request, **measured.diagnostics(work.connection)}, measured


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


@dataclasses.dataclass(frozen=True, slots=True)
class Opened:
    """An attempt that may leave: its ledger row, its request within the budget, and whether a soft limit is passed."""

    call_id: int
    request: dict[str, Any]
    warned: bool = False


@transaction.atomic
def open_call(work: Work, request: dict[str, Any], *, call: int, attempt: int) -> Opened:
    """Open the ledger row of one attempt, hold its money, and shorten its answer to what the budgets can pay.

    Raises:
        BudgetExceeded: too little is left for an answer of any use; nothing was written.
    """
    payer = Payer(work.turn.author_id, work.turn.api_key_id, work.turn.conversation.assistant_id)
    room = budgets.affordable_usd(payer)
    worst = Decimal(0)
    if room is not None:
        planned = worst_case.plan(
            request, work.prices, prompt_tokens=_prompt_bound(work, request), room_usd=room
        )
        if planned is None:
            raise budgets.refusal(payer)
        request, worst = {**request, "max_tokens": planned.max_tokens}, planned.usd
    call_id = ledger.open_call(
        key=f"{work.turn.id}:{work.fence}:{call}:{attempt}",
        model=work.model,
        purpose=ApiCall.Purpose.TURN,
        door=work.turn.door,
        attempt=attempt,
        assistant_id=payer.assistant_id,
        worst_usd=worst,
        **work.references(),
    )
    return Opened(call_id, request, warned=room is not None and bool(budgets.warnings(payer)))


def _prompt_bound(work: Work, request: dict[str, Any]) -> int:
    """Give an upper bound of the prompt's tokens: of all bytes, or of what the last call told and the bytes since.

    Hidden thinking is longer than its blocks; what earlier calls wrote bounds it.
    """
    written = ApiCall.objects.filter(conversation=work.turn.conversation_id)
    thought = written.aggregate(total=Sum("output_tokens"))["total"] or 0
    bound = worst_case.prompt_bound(request) + thought
    last = _last_call(work)
    if last is not None:
        messages = request["messages"]
        answered = max(
            (at for at, message in enumerate(messages) if message["role"] == "assistant"), default=0
        )
        since = worst_case.prompt_bound(request, messages[answered:])
        bound = min(bound, ledger.counters_of(last).prompt_tokens + last.output_tokens + since)
    return min(bound, work.model.max_input_tokens)


def _last_call(work: Work) -> ApiCall | None:
    """Return the exact call that wrote the answer before this one, if it had the same model and frame."""
    before = work.message.parent
    while before is not None and before.role != Message.Role.ASSISTANT:
        before = before.parent
    exact = ApiCall.objects.filter(
        message=before,
        model_name=work.model.model_id,
        frame_digest=work.turn.frame_id,
        certainty=ApiCall.Certainty.EXACT,
        status=ApiCall.Status.SUCCEEDED,
    )
    return exact.order_by("-id").first() if before is not None else None


def end_call(
    work: Work,
    owner: str,
    batch: Batch,
    *,
    answer: Answer | None,
    call: tuple[int, ledger.Settlement],
    asked: Sequence[ToolCall] = (),
) -> bool:
    """Settle a call in the middle of a turn and keep its message; False when the lease is lost.

    The next answer is opened at once, unless the model asked for tools: then their results come first.
    """
    with transaction.atomic():
        ledger.settle_call(*call)
        if not _held(work, owner):
            return False
        keep_answer(work.message, answer or Answer([]))
        ToolCall.objects.bulk_create(asked)
        _store(batch)
        if not asked:
            _next_answer(work, work.message)
    return True


def answer_tools(work: Work, owner: str) -> bool:
    """Write the results of the last answer's tools and open the next answer; False when the lease is lost."""
    with transaction.atomic():
        if not _held(work, owner):
            return False
        _next_answer(work, tool_rounds.write_results(work.turn, work.message) or work.message)
    return True


def park(work: Work, owner: str, batch: Batch) -> bool:
    """Leave a turn whose tools only wait for a person to whoever comes after the decision.

    False when somebody has decided meanwhile or wants it stopped: then nothing is written.

    Raises:
        LeaseLost: somebody else has the turn.
    """
    with transaction.atomic():
        if not _held(work, owner):
            raise LeaseLost
        if Turn.objects.filter(id=work.turn.id, stop_requested_at__isnull=False).exists():
            return False
        open_calls = ToolCall.objects.unanswered().filter(turn=work.turn)
        if set(open_calls.values_list("status", flat=True)) != {ToolCall.Status.WAITING}:
            return False
        Turn.objects.filter(id=work.turn.id).update(
            status=Turn.Status.WAITING,
            owner="",
            heartbeat_at=None,
            last_seq=batch.first_seq + len(batch.frames) - 1,
        )
        _store(batch)
    return True


def move(work: Work, owner: str, model: LanguageModel, told: dict[str, Any]) -> bool:
    """Go on with another model or connection, under a frame of its own; `told` is the notice that says so.

    False when the lease is lost.
    """
    turn, assistant = work.turn, work.turn.conversation.assistant
    same = turn.model is not None and turn.model.canonical == model.canonical
    frame = (
        frame_for(turn.frame, model)
        if same
        else freeze_frame(model=model, assistant=assistant, output_schema=turn.output_schema)
    )
    limit = min(turn.max_tokens, model.max_output_tokens) if same else answer_limit(model, assistant)
    notices = [*turn.notices, told]
    with transaction.atomic():
        if not _held(work, owner):
            return False
        Turn.objects.filter(id=turn.id).update(model=model, frame=frame, max_tokens=limit, notices=notices)
        Message.objects.filter(id=work.message.id, status=Message.Status.STREAMING).update(
            frame=frame, model_name=model.model_id
        )
    turn.model, turn.frame, turn.max_tokens, turn.notices = model, frame, limit, notices
    work.model, work.connection, work.prices = model, model.connection, model.price_rows()
    work.message.model_name = model.model_id
    return True


def finish(
    work: Work,
    owner: str,
    end: End,
    batch: Batch,
    *,
    answer: Answer | None,
    call: tuple[int, ledger.Settlement] | None,
    asked: Sequence[ToolCall] = (),
) -> bool:
    """End a turn: message, ledger, last frames and status in one transaction; False when the lease is lost.

    The ledger row is settled in any case: what the upstream did has to be paid. Tools that the last answer asked
    for get their results, so that what is said next follows a whole transcript.
    """
    with transaction.atomic():
        if call is not None:
            ledger.settle_call(*call)
        owned = Turn.objects.owned_by(owner, work.fence).filter(id=work.turn.id)
        if not owned.update(last_seq=batch.first_seq + len(batch.frames) - 1, **_ended(end)):
            return False
        keep_answer(work.message, answer or Answer([], Message.Status.PARTIAL))
        ToolCall.objects.bulk_create(asked)
        tool_rounds.write_results(work.turn, work.message)
        _store(batch)
        Conversation.objects.filter(id=work.turn.conversation_id).update(updated_at=timezone.now())
    return True


def end_unowned(turn: Turn, end: End) -> bool:
    """End a turn that nobody owns, unless it moved on since `turn` was read; returns whether it ended.

    It has no answer yet, or waited for a person. Viewers read the end from its last events.
    """
    with transaction.atomic():
        unmoved = Turn.objects.filter(
            id=turn.id, status=turn.status, fence=turn.fence, last_seq=turn.last_seq
        )
        if not unmoved.update(**_ended(end)):
            return False
        closed = tool_rounds.close_round(turn, stopped=end.status == Turn.Status.STOPPED)
        answer = turn.messages.filter(role=Message.Role.ASSISTANT).order_by("-depth", "-id").first()
        error = {"code": end.error_code, "message": end.detail} if end.error_code else None
        told = [tool_rounds.finished_event(call) for call in closed]
        told.append(
            events.turn_finished(
                status=end.status, stop_reason=None, message=str(answer.id) if answer else None, error=error
            )
        )
        first = turn.last_seq + 1
        frames = [events.encode(event, turn=str(turn.id), seq=seq) for seq, event in enumerate(told, first)]
        _store(Batch(turn.id, turn.fence, first, frames))
        Turn.objects.filter(id=turn.id).update(last_seq=first + len(frames) - 1)
    return True


def _held(work: Work, owner: str) -> bool:
    """Renew the lease; False when somebody else has the turn."""
    owned = Turn.objects.owned_by(owner, work.fence).filter(id=work.turn.id)
    return bool(owned.update(heartbeat_at=timezone.now()))


def _next_answer(work: Work, parent: Message) -> None:
    work.message = _new_answer(work.turn, parent)
    work.calls += 1


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
        binding=message.binding,
        model_name=answer.model_name or message.model_name,
    )
    message.content, message.status = answer.content, answer.status


def _store(batch: Batch) -> None:
    if batch.frames:
        batch.row().save(force_insert=True)
