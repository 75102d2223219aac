"""Faults as data: error responses, and the steps that disturb a stream.

A stream is a list of steps: frames (bytes and the output tokens produced up to them), pauses, pings and an
end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.simulator.checks.dialogue import INVENTED_BLOCK
from chat.simulator.scenarios import Choice
from chat.simulator.transport.wire import PING, ApiError, encode, event

MESSAGES = {
    "usage_limit": "You have reached your specified API usage limits. You will regain access on the 1st.",
    "spend_cap": "Your organization has reached the monthly spend limit of its usage tier.",
    "rate_limited": "This request would exceed your organization's rate limit.",
    "authentication": "invalid x-api-key",
    "overloaded": "Overloaded",
    "server_error": "Internal server error",
    "billing": "Your credit balance is too low to access the API.",
    "permission": "Your API key does not have permission to use the specified resource.",
    "too_large": "Request exceeds the maximum size",
    "request_timeout": "The request took too long",
    "gateway_timeout": "The request timed out while it was processed",
    "unavailable": "Service unavailable",
}
PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes of the stream. `tokens` are the output tokens produced once they are sent; `delta` frames are paced."""

    data: bytes
    tokens: int
    delta: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for `seconds`, or pings every `every` seconds if it is set."""

    seconds: float
    every: float = 0


@dataclass(frozen=True, slots=True)
class End:
    """The early end of the stream: "cut", "reset", or a clean end as "truncated" or "error"."""

    how: str


Step = Frame | Pause | End


def status_error(choice: Choice) -> ApiError:
    """Return the error of a status scenario."""
    status = choice.integer("code")
    if not 400 <= status <= 599:
        raise ApiError(400, f"x-simulator-scenario: code={status} is not an error status")
    headers = {"retry-after": choice.text("retry_after")} if choice.text("retry_after") else {}
    code = "enforced_spend_limit_reached" if choice.name == "spend_cap" else None
    written = choice.text("message").replace("_", " ")
    message = written or MESSAGES.get(choice.name, f"Simulated error {status}")
    return ApiError(status, message, code=code, headers=headers)


def with_fault(frames: list[Frame], choice: Choice, request_id: str) -> list[Step]:
    """Return the steps of the stream with the scenario's fault inserted."""
    if choice.scenario.kind != "stream":
        return list(frames)
    place = _fault_index(frames, choice.text("at"))
    before, after = frames[:place], frames[place:]
    tokens = before[-1].tokens if before else 0
    inserted, goes_on = _inserted(choice, before, tokens, request_id)
    return [*before, *inserted, *(after if goes_on else ())]


def _fault_index(frames: Sequence[Frame], at: str) -> int:
    """Return the index before which the fault is inserted: first, start, end, or after a number of deltas."""
    if at == "first":
        return 0
    if at == "start":
        return min(1, len(frames))
    if at == "end":
        return max(0, len(frames) - 2)  # in front of message_delta and message_stop
    if not at.isdigit():
        raise ApiError(400, f"x-simulator-scenario: at={at} is not first, start, end or a number of deltas")
    deltas = [index for index, frame in enumerate(frames) if frame.delta]
    wanted = int(at)
    if not deltas or wanted == 0:
        return deltas[0] if deltas else max(0, len(frames) - 2)
    return deltas[min(wanted, len(deltas)) - 1] + 1


def _inserted(choice: Choice, before: list[Frame], tokens: int, request_id: str) -> tuple[list[Step], bool]:
    """Return the steps to insert, and whether the rest of the stream follows them."""
    match choice.name:
        case "error_before_delta" | "error_after_delta":
            return [Frame(_error_event(choice, request_id), tokens), End("error")], False
        case "cut" | "cut_before_delta":
            return [End("cut")], False
        case "reset" | "truncated":
            return [End(choice.name)], False
        case "stall":
            return [Pause(choice.seconds("seconds"))], True
        case "pings":
            return [Pause(choice.seconds("seconds"), max(0.02, choice.seconds("every")))], True
        case "unknown_block":
            return [Frame(_unknown_block(_next_index(before)), tokens)], True
        case name:
            return [Frame(_garbage(name, max(0, _next_index(before) - 1)), tokens)], True


def _next_index(before: list[Frame]) -> int:
    return sum(frame.data.count(b"event: content_block_start\n") for frame in before)


def _error_event(choice: Choice, request_id: str) -> bytes:
    kind = choice.text("type")
    message = MESSAGES["overloaded"] if kind == "overloaded_error" else "Simulated error inside the stream"
    return event("error", {"error": {"type": kind, "message": message}, "request_id": request_id})


def _unknown_block(index: int) -> bytes:
    block = {"type": INVENTED_BLOCK, "card": {"title": "From the future", "z": 1, "a": [1, 2]}}
    start = event("content_block_start", {"index": index, "content_block": block})
    delta = event(
        "content_block_delta",
        {"index": index, "delta": {"type": "simulated_card_delta", "card_text": "more"}},
    )
    return start + delta + event("content_block_stop", {"index": index})


def _garbage(name: str, index: int) -> bytes:
    delta = {"type": "text_delta", "text": "lost"}
    match name:
        case "bad_json":
            return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n'
        case "bad_utf8":
            payload = encode({"type": "content_block_delta", "index": index, "delta": delta})
            return (
                b"event: content_block_delta\ndata: " + payload.replace(b"lost", b"\xff\xfe\xc3(") + b"\n\n"
            )
        case "wrong_index":
            return event("content_block_delta", {"index": index + 7, "delta": delta})
        case "wrong_order":
            return event(
                "content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}}
            )
        case "unknown_event":
            return event("simulated_event", {"note": "no client knows this event"})
        case "unknown_delta":
            return event(
                "content_block_delta", {"index": index, "delta": {"type": "simulated_delta", "x": 1}}
            )
        case _:  # no_event_name
            payload = encode({"type": "content_block_delta", "index": index, "delta": delta})
            return b"data: " + payload + b"\n\n" + PING
