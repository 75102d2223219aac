"""The event vocabulary of a turn, the fold that turns events into state, and the only publish().

Every event of a turn carries `turn` and `seq`, which rises by one from 1. A frame is one encoded event; a replay
repeats frames byte for byte. Snapshot (a `TurnState`) + later events = the state of one who saw everything.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import orjson
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = structlog.get_logger(__name__)

Event = dict[str, Any]
HINT_GROUP = "parley.hints"
# A channel layer that hangs must hold nothing up.
HINT_SECONDS = 0.5
# The event loop that this thread does a piece of work for: hints leave from there, and the thread waits for none.
home_loop: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("home_loop", default=None)
# Notices that say something about the answer for good: kept in the turn's row, shown after a reload too.
LASTING_NOTICES = frozenset({"failover", "fallback"})
LONGEST_SHOWN_RESULT = 4000


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


def encode(event: Event, *, turn: str, seq: int) -> bytes:
    """Encode one event as the frame that every viewer gets, live or replayed."""
    frame = orjson.dumps({"type": event["type"], "turn": turn, "seq": seq, **event})
    # orjson shrinks a kilobyte to the frame in place and leaves a hole behind each; a copy has its own size.
    return memoryview(frame).tobytes()


@dataclasses.dataclass(slots=True)
class TurnState:
    """What a viewer of a turn knows after its first `seq` events."""

    seq: int = 0
    status: str = "queued"
    model: str = ""
    assistant_message: str | None = None
    blocks: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    tools: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    notice: dict[str, Any] | None = None
    notices: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    usage: dict[str, Any] | None = None
    cost_usd: str | None = None
    certainty: str | None = None
    stop_reason: str | None = None
    error: dict[str, str] | None = None

    @classmethod
    def of(cls, frames: Iterable[bytes | str]) -> "TurnState":
        """Fold encoded frames from the first on."""
        state = cls()
        for frame in frames:
            state.apply(orjson.loads(frame))
        return state

    def apply(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            ValueError: its seq is not the next one; a hole must be healed, never skipped.
        """
        if event["seq"] != self.seq + 1:
            raise ValueError(f"event {event['seq']} after {self.seq}")
        self.seq = event["seq"]
        apply = _APPLY.get(event["type"])
        if apply is not None:  # what is unknown comes from a newer process and is passed over
            apply(self, event)

    def block(self, index: int) -> dict[str, Any] | None:
        return next((block for block in reversed(self.blocks) if block["index"] == index), None)


def _apply_started(state: TurnState, event: Event) -> None:
    state.status, state.model = "running", event["model"]
    state.assistant_message = event["assistant_message"]


def _apply_block_start(state: TurnState, event: Event) -> None:
    state.notice = None
    state.blocks.append(
        {"message": event["message"], "index": event["index"], **event["block"], "value": "", "open": True}
    )


def _apply_block_delta(state: TurnState, event: Event) -> None:
    block = state.block(event["index"])
    if block is None:
        return
    for key in ("text", "thinking", "partial_json"):
        if key in event:
            block["value"] += event[key]
    if "citation" in event:
        block.setdefault("citations", []).append(event["citation"])


def _apply_block_stop(state: TurnState, event: Event) -> None:
    block = state.block(event["index"])
    if block is not None:
        block["open"] = False


def _apply_notice(state: TurnState, event: Event) -> None:
    told = {key: value for key, value in event.items() if key not in _OF_EVERY_EVENT}
    if event["code"] in LASTING_NOTICES:
        state.notices.append(told)
        # What a refused answer had shown is taken back: it must not be used.
        state.blocks = [block for block in state.blocks if block["message"] != event.get("message")]
    else:
        state.notice = told


def _apply_usage(state: TurnState, event: Event) -> None:
    state.usage, state.cost_usd, state.certainty = event["usage"], event["cost_usd"], event["certainty"]


def _apply_finished(state: TurnState, event: Event) -> None:
    state.status, state.stop_reason, state.error = event["status"], event["stop_reason"], event["error"]
    state.notice = None


def _apply_tool(state: TurnState, event: Event) -> None:
    known = state.tools.setdefault(event["tool_call"], {})
    known.update({key: value for key, value in event.items() if key not in _OF_EVERY_EVENT})
    if event["type"] == "tool.started":
        known["status"] = "running"
    state.notice = None


def _apply_waiting(state: TurnState, event: Event) -> None:
    state.status, state.notice = "waiting", None


def _apply_resumed(state: TurnState, event: Event) -> None:
    state.status = "running"


_OF_EVERY_EVENT = ("type", "turn", "seq")
_APPLY: dict[str, Callable[[TurnState, Event], None]] = {
    "turn.started": _apply_started,
    "block.start": _apply_block_start,
    "block.delta": _apply_block_delta,
    "block.stop": _apply_block_stop,
    "notice": _apply_notice,
    "tool.requested": _apply_tool,
    "tool.decided": _apply_tool,
    "tool.started": _apply_tool,
    "tool.finished": _apply_tool,
    "turn.waiting": _apply_waiting,
    "turn.resumed": _apply_resumed,
    "usage": _apply_usage,
    "turn.finished": _apply_finished,
}


def publish(**hint: Any) -> None:
    """Tell every process, after commit, that rows advanced; the rows themselves are the truth.

    Hints: conversations=[id, …] (title or state changed), turns={id: seq}, stops=[id, …], decided=[id, …] (of turns).
    Losing a hint loses nothing: viewers and engines also look at the rows once a second.
    """
    transaction.on_commit(lambda: send_hint(hint))


def send_hint(hint: dict[str, Any]) -> None:
    layer, loop = get_channel_layer(), home_loop.get()
    if layer is None:
        return
    if loop is None:
        async_to_sync(send)(layer, hint)
    elif not loop.is_closed():
        asyncio.run_coroutine_threadsafe(send(layer, hint), loop)


async def send(layer: Any, hint: dict[str, Any]) -> None:
    """Send one hint through the layer; a failure or a hang only loses it."""
    try:
        async with asyncio.timeout(HINT_SECONDS):
            await layer.group_send(HINT_GROUP, {"type": "hint", **hint})
    except Exception as error:
        log.warning("hint_lost", error=type(error).__name__)
