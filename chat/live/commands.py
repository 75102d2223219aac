"""The commands of a socket as operations take them; the operations check the values."""

from typing import Any

from chat.live.identity import Identity
from chat.models import Turn
from chat.operations.turns.accept import TurnRequest


def turn_request(identity: Identity, command: dict[str, Any]) -> TurnRequest:
    """Return what turn.start, turn.retry or turn.continue asks for."""
    return TurnRequest(
        author=identity.user,
        client_id=command.get("client_id"),
        door=Turn.Door.API if identity.api_key else Turn.Door.CHAT,
        api_key=identity.api_key,
        turn_id=command.get("turn"),
        conversation_id=command.get("conversation"),
        assistant_id=command.get("assistant"),
        model_id=command.get("model"),
        parent_id=command.get("parent"),
        text=command.get("text"),
        attachments=command.get("attachments"),
    )


def decision(command: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `decide_call` that tool.decide gives."""
    return {
        "tool_call_id": command.get("tool_call"),
        "decision": command.get("decision"),
        "input": command.get("input"),
        "reason": command.get("reason") or "",
    }
