"""Makes stream events of what upstreams send in another form: halves of characters, and whole messages.

Servers that cut text by UTF-16 units send the two halves of a surrogate pair in two deltas. Some servers answer with
one whole message where a stream was asked for.
"""

from collections.abc import Iterator
from typing import Any

from chat.claude.content.blocks import TOOL_CALLS
from chat.claude.encoding.exact_numbers import write_json
from chat.claude.encoding.text import encodable_json, joinable_text, too_deep

Event = dict[str, Any]

# The fields of a delta, or of a block at its start, whose text goes on in the next delta.
_CONTINUED = ("text", "thinking", "partial_json")
_AT_THE_END = ("stop_reason", "stop_sequence", "stop_details", "container")


def joinable_event(event: Any) -> Any:
    """Return an event that holds half of a surrogate pair with every string encodable, but halves that may join kept.

    Raises:
        ValueError: the event is nested too deep.
    """
    if too_deep(event):
        raise ValueError("an event is nested too deep")
    cleaned = encodable_json(event)
    for part in ("delta", "content_block"):
        given = event.get(part) if isinstance(event, dict) else None
        for key in _CONTINUED:
            if isinstance(given, dict) and isinstance(given.get(key), str):
                cleaned[part][key] = joinable_text(given[key])
    return cleaned


def is_message(value: Any) -> bool:
    """Return whether a JSON value is a whole message of the Messages API."""
    return (
        isinstance(value, dict) and value.get("type") == "message" and isinstance(value.get("content"), list)
    )


def events_of(message: dict[str, Any]) -> Iterator[Event]:
    """Yield the events of a stream that folds into this message.

    The text of each block comes in one delta, as viewers expect it.
    """
    ending = {key: message[key] for key in _AT_THE_END if key in message}
    start = {key: value for key, value in message.items() if key not in ending}
    yield {"type": "message_start", "message": {**start, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        begun, delta = _divided(block)
        yield {"type": "content_block_start", "index": index, "content_block": begun}
        if delta is not None:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": ending, "usage": message.get("usage") or {}}
    yield {"type": "message_stop"}


def _divided(block: Any) -> tuple[Any, Event | None]:
    """Return a block as it would start, and the delta with the rest of it."""
    match block:
        case {"type": "text", "text": str(text)}:
            return {**block, "text": ""}, {"type": "text_delta", "text": text}
        case {"type": "thinking", "thinking": str(thinking)}:
            return {**block, "thinking": ""}, {"type": "thinking_delta", "thinking": thinking}
        case {"type": str(kind), "input": dict(given)} if kind in TOOL_CALLS:
            raw = write_json(given, ensure_ascii=False)
            return {**block, "input": {}}, {"type": "input_json_delta", "partial_json": raw}
    return block, None
