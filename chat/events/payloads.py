"""The events of a turn and the other messages to viewers: their payloads, and their encoding as frames.

Every event of a turn carries `turn` and `seq`, which rises by one from 1. A replay repeats frames byte for byte.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from chat.claude.encoding.exact_numbers import exact_json, indented_json, read_json
from chat.models import Turn
from chat.models.ids import ConversationId, TurnId

Event = dict[str, Any]
# Notices about the final answer: kept in the turn's row and shown after a reload too.
LASTING_NOTICES = frozenset({"failover", "fallback", "continued"})
# About the person's money, not about the answer: shown beside the message field, and nothing in the answer's place.
BUDGET_NOTICE = "budget_soft"
LONGEST_SHOWN_RESULT = 4000


@dataclasses.dataclass(slots=True)  # frozen would triple the time to make one, and there is one per delta
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
    """Return the beginning of a block, with its `type`, and the `id` and `name` of a tool use.

    Tool calls that the provider runs at an MCP server also have `server_name`; their results have `tool_use_id`,
    `is_error` and `result`, as in tool.finished: such a block is complete when it begins.
    """
    start: Event = {key: block[key] for key in ("type", "id", "name", "server_name") if key in block}
    if block.get("type") == "mcp_tool_result":
        start |= {"tool_use_id": block.get("tool_use_id"), "is_error": bool(block.get("is_error"))}
        start["result"] = shown_result(result_blocks(block.get("content")))
    return {"type": "block.start", "message": message, "index": index, "block": start}


def block_delta(*, index: int, key: str, value: Any) -> Event:
    return {"type": "block.delta", "index": index, key: value}


def block_stop(*, index: int, seconds: float | None = None) -> Event:
    """Return the end of a block; `seconds` is how long the model thought, for a thinking block."""
    event: Event = {"type": "block.stop", "index": index}
    return event if seconds is None else {**event, "seconds": seconds}


def notice(code: str, *, seconds: float | None = None, about: dict[str, str] | None = None) -> Event:
    """Return a notice: why the answer is late (retrying), or a lasting one, whose `about` has models and reason."""
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
    """Return a model's request for a tool. `approval` is ask, allow or deny; the wait ends at `expires_at`.

    `input_json` is the input as text with every digit, for clients whose numbers are floats, and for people.
    """
    return {
        "type": "tool.requested",
        "tool_call": tool_call,
        "message": message,
        "tool_use_id": tool_use_id,
        "name": name,
        "title": title,
        "input": input,
        "input_json": indented_json(input),
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
    """Return a person's decision: approve, deny or edit; `input` is the edited input, as text in `input_json`."""
    event: Event = {"type": "tool.decided", "tool_call": tool_call, "decision": decision, "status": status}
    return event if input is None else {**event, "input": input, "input_json": indented_json(input)}


def tool_started(*, tool_call: str) -> Event:
    return {"type": "tool.started", "tool_call": tool_call}


def tool_finished(
    *, tool_call: str, status: str, is_error: bool, seconds: float | None, result: list[dict[str, Any]]
) -> Event:
    """Return the end of a tool call: done, failed, denied, expired or stopped, with its `result` shortened."""
    return {
        "type": "tool.finished",
        "tool_call": tool_call,
        "status": status,
        "is_error": is_error,
        "seconds": None if seconds is None else round(seconds, 3),
        "result": shown_result(result),
    }


def result_blocks(content: Any) -> list[dict[str, Any]]:
    """Return a result's content as a list of blocks; the API also writes it as one text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or () if isinstance(block, dict)]


def shown_result(result: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a result for viewers: its texts, 4,000 characters in all; of other blocks only the type.

    A search result is shown as its title and its text.
    """
    shown, left = [], LONGEST_SHOWN_RESULT
    for block in map(_found_text, result):
        if block.get("type") != "text":
            shown.append({"type": str(block.get("type"))})
        elif left > 0:
            text = str(block.get("text", ""))
            shown.append({"type": "text", "text": text if len(text) <= left else text[: left - 1] + "…"})
            left -= len(text)
    return shown


def _found_text(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("type") != "search_result":
        return block
    parts = [str(block.get("title", "")), *(str(part.get("text", "")) for part in block.get("content") or ())]
    return {"type": "text", "text": "\n".join(parts)}


def turn_waiting() -> Event:
    """Return that the turn waits until a person has decided about its tool calls."""
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
    complete = {"type": event["type"], "turn": turn, "seq": seq, **event}
    try:
        encoded = orjson.dumps(complete)
    except (
        TypeError
    ):  # a tool's input has numbers that orjson can't write, or is nested deeper than it writes
        encoded = exact_json(complete).encode()
    # orjson shrinks a kilobyte to the frame in place, which fragments memory; a copy has its own size.
    return EventFrame(turn, seq, event["type"], memoryview(encoded).tobytes())


def encode_all(events: Sequence[Event], *, turn: str, after: int) -> list[EventFrame]:
    """Return events as the frames that follow the one with seq `after`."""
    return [encode(event, turn=turn, seq=seq) for seq, event in enumerate(events, start=after + 1)]


def read_event(frame: bytes | str) -> Event:
    """Return the event of a frame; the inputs of tools keep every digit."""
    try:
        event: Event = orjson.loads(frame)
    except orjson.JSONDecodeError:  # a number that no float holds
        event = {"input": None}
    if "input" in event:
        event = read_json(frame)
    return event


def message_frame(message: dict[str, Any]) -> EventFrame:
    """Return a message that is no event of a turn as a frame."""
    return EventFrame(message.get("turn", ""), 0, message["type"], orjson.dumps(message))


def accepted(turn: Turn) -> dict[str, Any]:
    """Return the message that announces a turn to all viewers of its conversation.

    `compare_with`, only in a comparison, has those who answer the same message after this turn: {"assistant", "model"}.
    """
    message: dict[str, Any] = {
        "type": "turn.accepted",
        "client_id": str(turn.client_id),
        "conversation": str(turn.conversation_id),
        "turn": str(turn.id),
        "user_message": str(turn.user_message_id),
        "status": turn.status,
    }
    if turn.compare_with is not None:
        message["compare_with"] = [
            {"assistant": one["assistant"], "model": one["model"]} for one in turn.compare_with
        ]
    return message


def refresh(conversation_id: ConversationId, turn_id: TurnId) -> dict[str, Any]:
    """Return the message that makes a viewer load the conversation again, if events can't bring it up to date."""
    return {"type": "refresh", "conversation": str(conversation_id), "turn": str(turn_id)}
