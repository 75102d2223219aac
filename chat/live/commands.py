"""What a client may send: parsed, authorized by one operation, answered. Nothing here waits for a model."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.events.payloads import accepted
from chat.models import Turn, User
from chat.operations.errors import OperationError, invalid
from chat.operations.turns import accept, tool_decisions
from chat.operations.turns.accept import Doorway, Started
from chat.operations.turns.tool_decisions import Decided


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
        accept.start_turn(
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
        accept.retry_turn(
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
        accept.continue_turn(
            author=user, client_id=command.get("client_id"), turn_id=command.get("turn"), doorway=doorway
        )
    )


def decide(user: User, command: dict[str, Any]) -> Decided:
    """tool.decide"""
    return tool_decisions.decide_call(
        user=user,
        tool_call_id=command.get("tool_call"),
        decision=command.get("decision"),
        input=command.get("input"),
        reason=command.get("reason") or "",
    )


def least_needed(user: User, command: dict[str, Any], watched: list[Any]) -> Any | None:
    """Say which of the conversations that are `watched`, longest first, has to go for the one of this command.

    None goes when the command's own is among them, also because its client id had begun a turn there before.

    Raises:
        OperationError: invalid (an answer is being written in each of them).
    """
    if _place(user, command) in watched:
        return None
    active = Turn.objects.active().filter(conversation_id__in=watched)
    busy = set(active.values_list("conversation_id", flat=True))
    for conversation_id in watched:
        if conversation_id not in busy:
            return conversation_id
    raise too_many_conversations()


def too_many_conversations() -> OperationError:
    return invalid(
        _("This socket is subscribed to too many conversations. Unsubscribe from some of them first.")
    )


def _place(user: User, command: dict[str, Any]) -> Any:
    """Return the conversation of a turn that is asked for, as far as it exists yet."""
    known = Turn.objects.filter(author=user, client_id=access.as_id(command.get("client_id"))).first()
    turn = known or access.find_turn(user, command.get("turn"))
    return turn.conversation_id if turn else access.as_id(command.get("conversation"))


def _accepted(started: Started) -> Accepted:
    turn = started.turn
    return Accepted(turn.id, turn.conversation_id, started.created, accepted(turn))
