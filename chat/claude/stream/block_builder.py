"""Builds one content block of a stream from its start event, its deltas and its stop event.

Pieces of text are only collected while they arrive and joined when the block is read. The input of a tool
call is parsed once, after its last delta.
"""

from collections.abc import Mapping
from typing import Any

from chat.claude.content.blocks import KEPT_DELTAS, THINKING, TOOL_CALLS, Block, is_server_tool_result
from chat.claude.encoding.exact_numbers import read_json
from chat.claude.encoding.text import BrokenText, encodable_json, encodable_text, split_half, too_deep


class ProtocolError(ValueError):
    """An event that is not allowed at this point of a Messages API stream.

    The content that arrived before it stays available.
    """


# Block type: (delta type, field of the delta with the text, field of the block that is extended).
_TEXT_DELTAS = {
    "text": ("text_delta", "text", "text"),
    "thinking": ("thinking_delta", "thinking", "thinking"),
}
_INPUT_DELTA = ("input_json_delta", "partial_json", "input")
_KNOWN = frozenset({"text", "container_upload"}) | THINKING | TOOL_CALLS


class BlockBuilder:
    """One content block under construction; pieces of text are joined when the block is read.

    `delta_type` is the type of the deltas that extend the block and `delta_field` the field with their text;
    both are empty for blocks whose deltas carry no text.
    """

    __slots__ = ("_field", "_fields", "_pieces", "closed", "delta_field", "delta_type")

    def __init__(self, start: Any) -> None:
        self._fields = fields = copied_object(start)
        kind = fields["type"]
        if not isinstance(kind, str):
            raise TypeError("the type of a block is not text")
        self.closed = False
        self.delta_type, self.delta_field, self._field = _TEXT_DELTAS.get(kind, ("", "", ""))
        self._pieces: list[str] = []
        if kind in TOOL_CALLS:
            self.delta_type, self.delta_field, self._field = _INPUT_DELTA
            _check_call(fields)
        elif self._field:
            # As it came, because it may end with half of a character; copied text is cleaned.
            self.append(start.get(self._field) or "")

    @property
    def kept_when_cut(self) -> bool:
        """Whether the block is worth keeping when the stream ends inside it."""
        kind = self._fields["type"]
        return kind in _TEXT_DELTAS or kind == "redacted_thinking" or is_server_tool_result(self._fields)

    def append(self, piece: str) -> None:
        """Append the text of a delta of type `delta_type`."""
        if piece.__class__ is not str and piece.__class__ is not BrokenText:
            raise TypeError(f"{self.delta_field} is not text")
        self._pieces.append(piece)

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Merge a delta of any other type into the block.

        Citations and signatures go into their fields. A known block keeps other deltas under `KEPT_DELTAS`;
        an unknown block gets the fields of the delta.
        """
        kind, fields = delta["type"], self._fields
        known = fields["type"] in _KNOWN or is_server_tool_result(fields)
        if kind == "citations_delta" and (fields["type"] == "text" or not known):
            fields["citations"] = [*(fields.get("citations") or ()), delta["citation"]]
        elif kind == "signature_delta" and fields["type"] == "thinking":
            fields["signature"] = delta["signature"]
        elif known:
            fields[KEPT_DELTAS] = [*fields.get(KEPT_DELTAS, ()), delta]
        else:
            for key, value in delta.items():
                if key != "type" and (value is not None or key not in fields):
                    fields[key] = _extended(fields.get(key), value)

    def close(self, *, cut: bool = False) -> str | None:
        """Mark the block as complete and parse its tool input.

        `cut` says that its own end did not arrive: half of a character at its end is left out, as viewers have it.
        Return the raw input if it is not a JSON object, else None.
        """
        self.closed = True
        raw = "".join(self._pieces)
        if cut:
            self._pieces = [split_half(raw)[0]]
        if self._field != "input" or not raw:
            return None
        self._pieces = []
        parsed = _tool_input(raw)
        if parsed is None:
            return encodable_text(raw)
        self._fields["input"] = parsed
        return None

    def value(self) -> Block:
        """Return the block so far as a new dict.

        Half of a character at the end of an open block is left out: the next delta may bring the other half.
        """
        if self._field in ("", "input"):
            return dict(self._fields)
        text = "".join(self._pieces)
        self._pieces = [text]
        return {**self._fields, self._field: encodable_text(text) if self.closed else split_half(text)[0]}


def _extended(old: Any, new: Any) -> Any:
    """Return a field of an unknown block after a delta: text and lists are extended, anything else is replaced."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new


def copied_object(value: Any) -> dict[str, Any]:
    """Return a copy of an object of an event with every string encodable as UTF-8.

    Raises:
        ProtocolError: the value is not an object, or it is nested too deep.
    """
    if not isinstance(value, dict) or too_deep(value):
        raise ProtocolError("an object was due, and not nested too deep")
    copied_object: dict[str, Any] = encodable_json(value)
    return copied_object


def _check_call(fields: dict[str, Any]) -> None:
    if not (isinstance(fields["id"], str) and isinstance(fields["name"], str)):
        raise TypeError("a tool call has no id or name")
    if not isinstance(fields.get("input"), dict):
        fields["input"] = {}


def _tool_input(raw: str) -> dict[str, Any] | None:
    try:
        value = read_json(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or too_deep(value):
        return None
    cleaned: dict[str, Any] = encodable_json(value)
    return cleaned
