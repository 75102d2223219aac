"""The commands of a socket as operations take them; the operations check the values."""

from typing import Any

from django.utils.translation import gettext as _

from chat.claude.encoding.client_json import LONGEST_BYTES, read_client_json
from chat.live.identity import SocketIdentity
from chat.models import Turn
from chat.operations.errors import OperationError, invalid
from chat.operations.turns.turn_request import TurnRequest


def read_command(text: str | None) -> dict[str, Any]:
    """Return the JSON object of a text frame; None stands for a binary frame.

    Raises:
        OperationError: invalid (not a JSON object), too_long.
    """
    if text is None:
        raise invalid(_("Send JSON in text frames."))
    if len(text) > LONGEST_BYTES:
        raise OperationError("too_long", _("The message is too large for one frame."), status=413)
    try:
        command = read_client_json(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        raise invalid(_("This is not valid JSON.")) from None
    if not isinstance(command, dict):
        raise invalid(_("Send a JSON object with a “type”."))
    return command


def turn_request(identity: SocketIdentity, command: dict[str, Any]) -> TurnRequest:
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
        project_id=command.get("project"),
        text=command.get("text"),
        attachments=command.get("attachments"),
        length=command.get("length"),
        temporary=command.get("temporary") is True,
        effort=command.get("effort"),
        tools_off=command.get("tools_off"),
        compare_with=command.get("compare_with"),
    )


def decision(command: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `decide_call` that tool.decide gives."""
    return {
        "tool_call_id": command.get("tool_call"),
        "decision": command.get("decision"),
        "input": command.get("input"),
        "reason": command.get("reason") or "",
        "remember": command.get("remember") is True,
    }
