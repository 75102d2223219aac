"""Functions that create rows for tests: people, a connection with priced models, conversations and turns."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from chat.events.payloads import EventFrame, encode_all, notice
from chat.events.store import Batch
from chat.models import (
    ApiCall,
    Assistant,
    Conversation,
    Frame,
    LanguageModel,
    Message,
    ModelPrice,
    ProviderConnection,
    ToolCall,
    ToolDefinition,
    Turn,
    TurnEvent,
    User,
)
from chat.models.transcript.turns import FINISHED
from chat.operations.billing import budgets
from chat.operations.billing.payer import Payer
from chat.operations.request.frame import freeze_frame
from chat.operations.running_turn import RunningTurn

PASSWORD = "a-long-password-of-the-tests"
PRICED_SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
PRICES = {"input": 3, "write_5m": 3.75, "write_1h": 6, "read": 0.3, "output": 15, "per_search": 0.01}


def person(name: str = "insider", **fields: Any) -> User:
    """Return the person name@example.test, created if needed. Usual names: insider, colleague, outsider."""
    found = User.objects.filter(email=f"{name}@example.test").first()
    return found or User.objects.create_user(f"{name}@example.test", PASSWORD, **fields)


def provider(name: str = "Loopback", **fields: Any) -> ProviderConnection:
    defaults = {"kind": "compatible", "base_url": "http://127.0.0.1:9", "credential": "sk-upstream-secret"}
    return ProviderConnection.objects.get_or_create(name=name, defaults={**defaults, **fields})[0]


def language_model(
    model_id: str = "claude-test",
    *,
    connection: ProviderConnection | None = None,
    prices: dict[str, Any] | None = None,
    **fields: Any,
) -> LanguageModel:
    """Return a model with prices that hold on every day a test may choose; `prices={}` leaves it without prices."""
    made, created = LanguageModel.objects.get_or_create(
        connection=connection or provider(),
        model_id=model_id,
        defaults={"display_name": model_id.title(), **fields},
    )
    rows = PRICES if prices is None else prices
    if created and rows:
        ModelPrice.objects.create(model=made, valid_from=PRICED_SINCE, **rows)
    return LanguageModel.objects.select_related("connection").get(pk=made.pk)


def conversation(owner: User, *texts: str, **fields: Any) -> Conversation:
    """Create a conversation whose path alternates between its owner and the model; without texts it is empty."""
    made = Conversation.objects.create(owner=owner, **fields)
    leaf = None
    for number, text in enumerate(texts):
        leaf = message(made, leaf, text, role="assistant" if number % 2 else "user")
    Conversation.objects.filter(pk=made.pk).update(active_leaf=leaf)
    made.active_leaf = leaf
    return made


@transaction.atomic
def long_conversation(owner: User, length: int) -> Conversation:
    """Create a conversation of `length` messages in one path, each answer with its turn, frames and settled call."""
    made = Conversation.objects.create(owner=owner, title="Long")
    model, at = language_model(), timezone.now() - dt.timedelta(hours=2)
    frame = freeze_frame(model=model, assistant=None)
    messages: list[Message] = []
    turns: list[Turn] = []
    for number in range(length):
        parent = messages[-1] if messages else None
        messages.append(
            _message(made, parent, f"Message {number}", role="assistant" if number % 2 else "user")
        )
        if parent and number % 2:
            end = {"status": "completed", "finished_at": at, "last_seq": 1}
            turns.append(_turn(parent, owner, model, frame, end))
            messages[-1].turn, messages[-1].frame = turns[-1], frame
    Message.objects.bulk_create(messages)
    Turn.objects.bulk_create(turns)
    TurnEvent.objects.bulk_create(
        [row for turn in turns for row in Batch(turn.id, 1, 1, frames(turn)).rows()]
    )
    answers = [message for message in messages if message.turn]
    ApiCall.objects.bulk_create([_call(answer.turn, answer, {}) for answer in answers if answer.turn])
    made.active_leaf = messages[-1]
    made.save()
    return made


def message(
    within: Conversation, parent: Message | None, text: str, *, role: str = "user", **fields: Any
) -> Message:
    made = _message(within, parent, text, role=role, **fields)
    made.save(force_insert=True)
    return made


def turn(
    within: Conversation,
    *,
    status: str = "completed",
    text: str = "Hello?",
    answer: str | None = None,
    parent: Message | None = None,
    model: LanguageModel | None = None,
    client_id: uuid.UUID | None = None,
    **fields: Any,
) -> Turn:
    """Create a turn in any state; its question becomes the active leaf, and `answer` adds the model's message."""
    model = model or language_model()
    frame = freeze_frame(model=model, assistant=None)
    question = message(within, parent, text)
    states = {
        "queued": {},
        "waiting": {"fence": 1},
        "running": {"owner": "host:1:aa", "fence": 1, "heartbeat_at": timezone.now()},
        **{name: {"fence": 1, "finished_at": timezone.now()} for name in FINISHED},
    }
    made = _turn(question, within.owner, model, frame, {"status": status, **states[status], **fields})
    made.client_id = client_id or made.client_id
    made.save(force_insert=True)
    leaf = question
    if answer is not None:
        kept = {"running": "streaming", "completed": "complete"}.get(status, "partial")
        leaf = message(
            within, question, answer, role="assistant", status=kept, turn=made, frame=frame,
            model_name=model.model_id,
        )  # fmt: skip
    within.active_leaf = leaf
    within.save()
    return made


def call(of: Turn, **fields: Any) -> ApiCall:
    """Create a ledger row of a turn: settled, exact and priced unless `status="open"`."""
    answer = of.messages.filter(role="assistant").order_by("-depth").first()
    made = _call(of, answer, fields)
    made.save(force_insert=True)
    return made


def open_row(
    model: LanguageModel, user: User | None = None, worst: str = "0", key: str = "", **fields: Any
) -> int:
    """Open a row of the ledger and hold `worst` USD for it, as calls do; returns its id."""
    payer = Payer(user.pk if user else None, fields.get("api_key_id"), fields.get("assistant_id"))
    fields = {"purpose": "title", "door": "chat", "user_id": payer.user_id, **fields}
    with transaction.atomic():
        locked = budgets.lock(payer)
        row = ApiCall.objects.begin(key=key or str(uuid.uuid4()), model=model, **fields)
        locked.hold(row.pk, Decimal(worst))
    return row.pk


def budget_room(payer: Payer | None = None) -> Decimal | None:
    """Return what a call may cost; like a call, this creates the current periods."""
    with transaction.atomic():
        return budgets.lock(payer or Payer()).available_usd


def restrict(assistant: Assistant, *groups: Group) -> Assistant:
    """Offer the assistant to the members of these groups only."""
    Assistant.objects.filter(pk=assistant.pk).update(for_everyone=False)
    assistant.for_everyone = False
    assistant.audience_groups.set(groups)
    return assistant


def tool(name: str = "weather", **fields: Any) -> ToolDefinition:
    """Return a Python tool that runs without approval, created if needed."""
    defaults = {"kind": "python", "target": name, "approval": "allow", "title": name.title()}
    return ToolDefinition.objects.get_or_create(name=name, defaults={**defaults, **fields})[0]


def tool_call(of: Turn, status: str = "waiting", **fields: Any) -> ToolCall:
    """Create a tool call of the turn's last answer."""
    answer = of.messages.filter(role="assistant").latest("depth")
    number = answer.tool_calls.count()
    ended = {"finished_at": timezone.now(), "result": [{"type": "text", "text": "18°"}]}
    states = {"waiting": {"expires_at": timezone.now() + dt.timedelta(hours=1)}, "ready": {}, "running": {}}
    defaults = {
        "tool_use_id": f"toolu_{number}",
        "position": number,
        "name": "weather",
        "input": {"city": "Seoul"},
    }
    return ToolCall.objects.create(
        turn=of, message=answer, status=status, **{**defaults, **states.get(status, ended), **fields}
    )


def running(of: Turn) -> RunningTurn:
    """What an engine holds while it runs this turn."""
    model = language_model()
    answer = of.messages.filter(role="assistant").latest("depth")
    return RunningTurn(of, answer, model, model.connection, model.price_rows())


def _message(within: Conversation, parent: Message | None, text: str, *, role: str, **fields: Any) -> Message:
    content = [{"type": "text", "text": text}] if text else []
    depth = parent.depth + 1 if parent else 0
    return Message(
        conversation=within,
        parent=parent,
        depth=depth,
        role=role,
        text=text,
        **{"content": content, **fields},
    )


def _turn(
    question: Message, author: User, model: LanguageModel, frame: Frame, fields: dict[str, Any]
) -> Turn:
    return Turn(
        conversation=question.conversation,
        author=author,
        client_id=uuid.uuid4(),
        user_message=question,
        model=model,
        frame=frame,
        max_tokens=1000,
        **fields,
    )


def _call(of: Turn, answer: Message | None, fields: dict[str, Any]) -> ApiCall:
    """A million tokens in and out at 3 and 15 USD: 18 USD."""
    model = of.model or language_model()
    number = of.api_calls.count() + 1
    settled = {
        "input_tokens": 1_000_000,
        "output_tokens": 1_000_000,
        "usage": {"input_tokens": 1_000_000, "output_tokens": 1_000_000},
        "unit_prices": {unit: str(price) for unit, price in PRICES.items()} | {"above_prompt_tokens": "0"},
        "cost_usd": 18,
        "certainty": "exact",
        "finished_at": timezone.now(),
        "upstream_request_id": f"req_{uuid.uuid4().hex}",
    }
    if fields.get("status") == "open":
        settled = {}
    return ApiCall(
        **{
            "key": f"{of.id}:1:{number}:1",
            "door": of.door,
            "purpose": "turn",
            "user": of.author,
            "conversation": of.conversation,
            "turn": of,
            "message": answer,
            "model": model,
            "model_name": model.model_id,
            "connection": model.connection,
            "connection_name": model.connection.name,
            "started_at": timezone.now(),
            "status": "succeeded",
            **settled,
            **fields,
        }
    )


def frames(turn: Turn, *, first: int = 1, count: int = 1) -> list[EventFrame]:
    """Return frames of some events of a turn."""
    return encode_all([notice("waiting")] * count, turn=str(turn.id), after=first - 1)
