"""The events of a turn and the other messages to viewers: their payloads, and their encoding as frames.

Every event of a turn carries `turn` and `seq`, which rises by one from 1. A replay repeats frames byte for byte.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from chat.models import Turn

Event = dict[str, Any]
# Notices about the final answer: kept in the turn's row and shown after a reload too.
LASTING_NOTICES = frozenset({"failover", "fallback"})
LONGEST_SHOWN_RESULT = 4000


@dataclasses.dataclass(frozen=True, slots=True)
class EventFrame:
    """One encoded event, as every viewer gets it, live or replayed; `data` is its JSON.

    A message that is no event of a turn has seq 0, and no turn if it is about a conversation.
    """

    turn: str
    seq: int
    type: str
    data: bytes

    @property
    def ends_turn(self) -> bool:
        return self.type == "turn.finished"


def turn_started(*, model: str, assistant_message: str) -> Event:
    return {"type": "turn.started", "model": model, "assistant_message": assistant_message}


def block_start(*, message: str, index: int, block: dict[str, Any]) -> Event:
    """Announce a block; of its body only `type`, and `id` and `name` of a tool use, are told.

    Calls of an MCP server that the provider makes itself also have `server_name`, their results `tool_use_id`,
    `is_error` and `result`, as tool.finished has it: such a block is whole when it begins.
    """
    told: Event = {key: block[key] for key in ("type", "id", "name", "server_name") if key in block}
    if block.get("type") == "mcp_tool_result":
        told |= {"tool_use_id": block.get("tool_use_id"), "is_error": bool(block.get("is_error"))}
        told["result"] = shown_result(result_blocks(block.get("content")))
    return {"type": "block.start", "message": message, "index": index, "block": told}


def block_delta(*, index: int, key: str, value: Any) -> Event:
    return {"type": "block.delta", "index": index, key: value}


def block_stop(*, index: int) -> Event:
    return {"type": "block.stop", "index": index}


def notice(code: str, *, seconds: float | None = None, about: dict[str, str] | None = None) -> Event:
    """Tell what holds the answer up (retrying), or what became of it (LASTING_NOTICES; `about` names who and why)."""
    event: Event = {"type": "notice", "code": code, **(about or {})}
    return event if seconds is None else {**event, "seconds": round(seconds, 1)}


def tool_requested(
    *,
    tool_call: str,
    message: str,
    tool_use_id: str,
    name: str,
    title: str,
    input: dict[str, Any],  # noqa: A002 - the API's word
    approval: str,
    status: str,
    expires_at: str | None,
) -> Event:
    """Tell that the model asks for a tool. `approval` is ask, allow or deny; `expires_at` ends the wait."""
    return {
        "type": "tool.requested",
        "tool_call": tool_call,
        "message": message,
        "tool_use_id": tool_use_id,
        "name": name,
        "title": title,
        "input": input,
        "approval": approval,
        "status": status,
        "expires_at": expires_at,
    }


def tool_decided(
    *,
    tool_call: str,
    decision: str,
    status: str,
    input: dict[str, Any] | None = None,  # noqa: A002
) -> Event:
    """Tell a person's decision: approve, deny or edit; with edit comes the `input` that the tool will get."""
    event: Event = {"type": "tool.decided", "tool_call": tool_call, "decision": decision, "status": status}
    return event if input is None else {**event, "input": input}


def tool_started(*, tool_call: str) -> Event:
    return {"type": "tool.started", "tool_call": tool_call}


def tool_finished(
    *, tool_call: str, status: str, is_error: bool, seconds: float | None, result: list[dict[str, Any]]
) -> Event:
    """Tell a call's end: done, failed, denied, expired or stopped. Only the text of its `result` is told, and cut."""
    return {
        "type": "tool.finished",
        "tool_call": tool_call,
        "status": status,
        "is_error": is_error,
        "seconds": None if seconds is None else round(seconds, 3),
        "result": shown_result(result),
    }


def result_blocks(content: Any) -> list[dict[str, Any]]:
    """Give a result's content as a list of blocks; the API also writes it as one text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or () if isinstance(block, dict)]


def shown_result(result: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reduce a result to what viewers are told: its text blocks, 4,000 characters in all; of others the type."""
    shown, room = [], LONGEST_SHOWN_RESULT
    for block in result:
        if block.get("type") != "text":
            shown.append({"type": str(block.get("type"))})
        elif room > 0:
            text = str(block.get("text", ""))
            shown.append({"type": "text", "text": text if len(text) <= room else text[: room - 1] + "…"})
            room -= len(text)
    return shown


def turn_waiting() -> Event:
    """Tell that nothing goes on until a person has decided about the tools that wait."""
    return {"type": "turn.waiting"}


def turn_resumed() -> Event:
    return {"type": "turn.resumed"}


def usage(*, usage: dict[str, Any], cost_usd: str, certainty: str) -> Event:
    return {"type": "usage", "usage": usage, "cost_usd": cost_usd, "certainty": certainty}


def turn_finished(
    *, status: str, stop_reason: str | None, message: str | None, error: dict[str, str] | None
) -> Event:
    return {
        "type": "turn.finished",
        "status": status,
        "stop_reason": stop_reason,
        "message": message,
        "error": error,
    }


def encode(event: Event, *, turn: str, seq: int) -> EventFrame:
    """Return one event as a frame."""
    encoded = orjson.dumps({"type": event["type"], "turn": turn, "seq": seq, **event})
    # orjson shrinks a kilobyte to the frame in place, which fragments memory; a copy has its own size.
    return EventFrame(turn, seq, event["type"], memoryview(encoded).tobytes())


def encode_all(told: Sequence[Event], *, turn: str, after: int) -> list[EventFrame]:
    """Return events as the frames that follow the one with seq `after`."""
    return [encode(event, turn=turn, seq=seq) for seq, event in enumerate(told, start=after + 1)]


def decoded(event: Event) -> EventFrame:
    """Return the frame of an event that was read from JSON; orjson writes what it read, so `data` is the same."""
    return EventFrame(event["turn"], event["seq"], event["type"], orjson.dumps(event))


def message_frame(message: dict[str, Any]) -> EventFrame:
    """Return a message that is no event of a turn as a frame."""
    return EventFrame(message.get("turn", ""), 0, message["type"], orjson.dumps(message))


def accepted(turn: Turn) -> dict[str, Any]:
    """Return the message that announces a turn to all viewers of its conversation."""
    return {
        "type": "turn.accepted",
        "client_id": str(turn.client_id),
        "conversation": str(turn.conversation_id),
        "turn": str(turn.id),
        "user_message": str(turn.user_message_id),
        "status": turn.status,
    }


def refresh(conversation_id: Any, turn_id: Any) -> dict[str, Any]:
    """Return the message that tells a viewer to load the conversation anew: events can't bring it up to date."""
    return {"type": "refresh", "conversation": str(conversation_id), "turn": str(turn_id)}
