"""What follows an ended message. Its content decides, because gateways send stop reasons that do not fit it."""

from collections.abc import Mapping
from typing import Any

from chat.claude.content.blocks import is_empty, tool_use_ids

# With these stop reasons the model did not finish what it asked for, or asks for something else.
_TOOLS_DO_NOT_RUN = frozenset({"max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"})
_ANNOUNCE_CONTENT = frozenset({"tool_use", "pause_turn"})


def asks_for_tools(message: Mapping[str, Any]) -> bool:
    """Return whether an ended message has tool calls that are to be run, whatever stop reason was told.

    Gateways end such messages with end_turn, stop_sequence, null, or words of other APIs.
    """
    return message.get("stop_reason") not in _TOOLS_DO_NOT_RUN and bool(tool_use_ids(message["content"]))


def is_hollow(message: Mapping[str, Any]) -> bool:
    """Return whether an ended message announces calls or a pause but has no content: nothing can follow from it."""
    announced = message.get("stop_reason") in _ANNOUNCE_CONTENT
    return announced and all(is_empty(block) for block in message["content"])


def effective_stop_reason(message: Mapping[str, Any]) -> str:
    """Return the stop reason that fits the content: tool_use exactly if tool calls are left to run; "" for none."""
    if asks_for_tools(message):
        return "tool_use"
    told = message.get("stop_reason") or ""
    return "end_turn" if told == "tool_use" else told
