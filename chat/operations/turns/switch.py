"""Switches a running turn to another connection, model or set of tools, together with its tool loop.

Thinking blocks and pauses in a running tool loop are bound to the account, the frame and the messages that they were
made with, and the API does not allow leaving them out. Where they would be refused, the loop is closed: Parley adds a
user message of its own after it, and the answer after that. The blocks are then left out as in any completed turn.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from chat.claude.request import mcp_connector
from chat.claude.request.build import LOOP_CLOSED_TEXT
from chat.models import Frame, LanguageModel, Message, Turn
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.request.build import loop_goes_on
from chat.operations.request.frame import frame_for, kept_frame, next_frame
from chat.operations.request.knowledge import knowledge_of
from chat.operations.request.output_schema import way_of
from chat.operations.running_turn import RunningTurn, renew_lease


def switch_model(running: RunningTurn, model: LanguageModel, told: dict[str, Any]) -> bool:
    """Switch to another model or connection, with a frame of its own; return False if the lease is lost.

    `told` is the notice about the switch; it is kept with the turn.

    Raises:
        RequestError: the path can't be sent.
    """
    frame, limit = _frame_and_limit(running.turn, model)
    changes = {"max_tokens": limit, "notices": [*running.turn.notices, told]}
    if not _go_on_under(running, frame, model, changes):
        return False
    running.model, running.connection, running.prices = model, model.connection, model.price_rows()
    return True


def drop_servers(running: RunningTurn, names: Sequence[str]) -> bool:
    """Remove the tools of MCP servers that can't be named to the provider now; return False if the lease is lost.

    Raises:
        RequestError: the path can't be sent.
    """
    frame = kept_frame(mcp_connector.without_servers(running.turn.frame.body, names))
    return _go_on_under(running, frame, running.model, {})


def adopt_loop(running: RunningTurn) -> bool:
    """Close a tool loop that another process or turn began if its account has changed since.

    Return False if the lease is lost.

    Raises:
        RequestError: the path can't be sent.
    """
    if loop_goes_on(running, running.model, running.turn.frame):
        return True
    with transaction.atomic():
        if not renew_lease(running):
            return False
        _close_loop(running)
    return True


def _go_on_under(running: RunningTurn, frame: Frame, model: LanguageModel, changes: dict[str, Any]) -> bool:
    """Write another frame and model into the turn and its open answer, with other `changes` of the turn."""
    turn = running.turn
    goes_on = loop_goes_on(running, model, frame)
    changes = {**changes, "model": model, "frame": frame}
    with transaction.atomic():
        if not renew_lease(running):
            return False
        Turn.objects.filter(id=turn.id).update(**changes)
        Message.objects.filter(id=running.message.id, status=Message.Status.STREAMING).update(
            frame=frame, model_name=model.model_id
        )
        if not goes_on:
            _close_loop(running)
    for name, value in changes.items():
        setattr(turn, name, value)
    running.message.model_name = model.model_id
    return True


def _frame_and_limit(turn: Turn, model: LanguageModel) -> tuple[Frame, int]:
    if turn.model is not None and turn.model.canonical == model.canonical and _same_schema_way(turn, model):
        return frame_for(turn.frame, model), min(turn.max_tokens, model.max_output_tokens)
    conversation = turn.conversation
    frame = next_frame(
        conversation,
        model=model,
        author=turn.author,
        output_schema=turn.output_schema,
        knowledge=knowledge_of(conversation, turn.author, model),
    )
    return frame, answer_limit(model, conversation.assistant, conversation.effort)


def _same_schema_way(turn: Turn, model: LanguageModel) -> bool:
    """Return whether both models get the turn's output schema in the same way."""
    schema = turn.output_schema
    return schema is None or turn.model is None or way_of(turn.model, schema) == way_of(model, schema)


def _close_loop(running: RunningTurn) -> None:
    """Insert a user message between the loop and the empty answer, in the caller's transaction."""
    Message.objects.insert_before(
        running.message,
        role=Message.Role.USER,
        kind=Message.Kind.CONTINUE,
        content=[{"type": "text", "text": LOOP_CLOSED_TEXT}],
        turn=running.turn,
    )
