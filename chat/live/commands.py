"""What a client may send: parsed, authorized by one operation, answered. Nothing here waits for a model."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.engine.hub import accepted
from chat.models import Turn, User
from chat.operations import tool_calls, turns
from chat.operations.errors import invalid, not_found
from chat.operations.events_log import can_resume
from chat.operations.tool_calls import Decided
from chat.operations.turns import Doorway, Started

MAX_SEQ = 2**31 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Subscription:
    """Where a viewer begins: frames of `turn_id` after `after`, or a refresh when events can't bring it there."""

    conversation_id: Any
    turn_id: Any = None
    after: int = 0
    refresh: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted turn and its announcement."""

    turn_id: Any
    conversation_id: Any
    created: bool
    message: dict[str, Any]


def start(user: User, doorway: Doorway, command: dict[str, Any]) -> Accepted:
    """turn.start"""
    return _accepted(
        turns.start_turn(
            author=user,
            client_id=command.get("client_id"),
            text=command.get("text"),  # type: ignore[arg-type]  # checked by the operation
            conversation_id=command.get("conversation"),
            assistant_id=command.get("assistant"),
            model_id=command.get("model"),
            parent_id=command.get("parent"),
            attachments=command.get("attachments"),
            doorway=doorway,
        )
    )


def retry(user: User, doorway: Doorway, command: dict[str, Any]) -> Accepted:
    """turn.retry"""
    return _accepted(
        turns.retry_turn(
            author=user,
            client_id=command.get("client_id"),
            turn_id=command.get("turn"),
            model_id=command.get("model"),
            doorway=doorway,
        )
    )


def resume(user: User, doorway: Doorway, command: dict[str, Any]) -> Accepted:
    """turn.continue"""
    return _accepted(
        turns.continue_turn(
            author=user, client_id=command.get("client_id"), turn_id=command.get("turn"), doorway=doorway
        )
    )


def decide(user: User, command: dict[str, Any]) -> Decided:
    """tool.decide"""
    return tool_calls.decide(
        user=user,
        tool_call_id=command.get("tool_call"),
        decision=command.get("decision"),
        input=command.get("input"),
        reason=command.get("reason") or "",
    )


def subscribe(user: User, command: dict[str, Any]) -> Subscription:
    """subscribe: to one turn after a seq, or to a conversation with the active turn from its beginning.

    Raises:
        OperationError: not_found, invalid.
    """
    conversation = access.find_conversation(user, command.get("conversation"))
    if conversation is None:
        raise not_found()
    after = command.get("after") or 0
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= MAX_SEQ:
        raise invalid(_("`after` must be the last sequence number that you have."))
    if command.get("turn") is None:
        active = Turn.objects.active().filter(conversation=conversation).first()
        return Subscription(conversation.id, active.id if active else None)
    turn = access.find_turn(user, command["turn"])
    if turn is None or turn.conversation_id != conversation.id:
        raise not_found()
    if not can_resume(turn, after):
        return Subscription(conversation.id, turn.id, after, refresh=True)
    if turn.finished and after == turn.last_seq:
        return Subscription(conversation.id)  # nothing more will come of it
    return Subscription(conversation.id, turn.id, after)


def _accepted(started: Started) -> Accepted:
    turn = started.turn
    return Accepted(turn.id, turn.conversation_id, started.created, accepted(turn))
