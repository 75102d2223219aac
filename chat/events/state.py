"""The state of a turn that its events fold into. A snapshot plus later events equals
the state of a viewer that got all of them."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from chat.events.payloads import BUDGET_NOTICE, LASTING_NOTICES, Event, read_event


@dataclasses.dataclass(slots=True)
class TurnState:
    """The state of a viewer of a turn after its first `seq` events."""

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
            state.apply(read_event(frame))
        return state

    def apply(self, event: Event) -> None:
        """Apply the next event.

        Raises:
            ValueError: its seq is not the next one; a missing event must be fetched, never skipped.
        """
        if event["seq"] != self.seq + 1:
            raise ValueError(f"event {event['seq']} after {self.seq}")
        self.seq = event["seq"]
        apply = _APPLY.get(event["type"])
        if apply is not None:  # an unknown event comes from a newer process and is ignored
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
        if "seconds" in event:
            block["seconds"] = event["seconds"]


def _apply_notice(state: TurnState, event: Event) -> None:
    shown = {key: value for key, value in event.items() if key not in _COMMON_FIELDS}
    if event["code"] in LASTING_NOTICES:
        state.notices.append(shown)
        # The blocks of a refused answer are removed: they must not be used.
        state.blocks = [block for block in state.blocks if block["message"] != event.get("message")]
    elif event["code"] != BUDGET_NOTICE:
        state.notice = shown


def _apply_usage(state: TurnState, event: Event) -> None:
    state.usage, state.cost_usd, state.certainty = event["usage"], event["cost_usd"], event["certainty"]


def _apply_finished(state: TurnState, event: Event) -> None:
    state.status, state.stop_reason, state.error = event["status"], event["stop_reason"], event["error"]
    state.notice = None


def _apply_tool(state: TurnState, event: Event) -> None:
    known = state.tools.setdefault(event["tool_call"], {})
    known.update({key: value for key, value in event.items() if key not in _COMMON_FIELDS})
    if event["type"] == "tool.started":
        known["status"] = "running"
    state.notice = None


def _apply_waiting(state: TurnState, event: Event) -> None:
    state.status, state.notice = "waiting", None


def _apply_resumed(state: TurnState, event: Event) -> None:
    state.status = "running"


_COMMON_FIELDS = ("type", "turn", "seq")


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
