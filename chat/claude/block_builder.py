"""One content block of a stream while it grows from its start through its deltas to its stop.

Pieces of text are only collected; they are joined when somebody reads the block. The input of a tool call is
parsed once, when it is whole.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from chat.claude.blocks import KEPT_DELTAS, THINKING, TOOL_CALLS, Block, is_server_tool_result
from chat.claude.text import encodable_json, encodable_text, too_deep


class ProtocolError(ValueError):
    """An event that no Messages API stream can have at this place; what came before it stays available."""


# Which delta type grows a block, the delta's field that carries the piece, and the block's field it grows.
_GROWTH = {
    "text": ("text_delta", "text", "text"),
    "thinking": ("thinking_delta", "thinking", "thinking"),
}
_INPUT = ("input_json_delta", "partial_json", "input")
_KNOWN = frozenset({"text", "container_upload"}) | THINKING | TOOL_CALLS


class GrowingBlock:
    """One content block while it grows: pieces are collected and joined only when it is read."""

    __slots__ = ("_field", "_fields", "_pieces", "closed", "grows_by", "source")

    def __init__(self, start: Any) -> None:
        self._fields = fields = owned(start)
        kind = fields["type"]
        if not isinstance(kind, str):
            raise TypeError("the type of a block is not text")
        self.closed = False
        self.grows_by, self.source, self._field = _GROWTH.get(kind, ("", "", ""))
        self._pieces: list[str] = []
        if kind in TOOL_CALLS:
            self.grows_by, self.source, self._field = _INPUT
            _check_call(fields)
        elif self._field:
            self.append(fields.get(self._field) or "")

    @property
    def usable_open(self) -> bool:
        """Whether the block is worth keeping when the stream is cut inside it."""
        kind = self._fields["type"]
        return kind in _GROWTH or kind == "redacted_thinking" or is_server_tool_result(self._fields)

    def append(self, piece: str) -> None:
        """Take the piece of a delta of type `grows_by`."""
        if piece.__class__ is not str:
            raise TypeError(f"{self.source} is not text")
        self._pieces.append(piece)

    def merge(self, delta: Mapping[str, Any]) -> None:
        """Take any other delta: citations and signatures where they belong, unknown ones without loss."""
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
                    fields[key] = _grown(fields.get(key), value)

    def close(self) -> str | None:
        """Settle the block; give the raw input if it is not a JSON object."""
        self.closed = True
        raw = "".join(self._pieces)
        if self._field != "input" or not raw:
            return None
        self._pieces = []
        parsed = _tool_input(raw)
        if parsed is None:
            return raw
        self._fields["input"] = parsed
        return None

    def value(self) -> Block:
        """Give the block so far as a new dict."""
        if self._field in ("", "input"):
            return dict(self._fields)
        self._pieces = ["".join(self._pieces)]
        return {**self._fields, self._field: encodable_text(self._pieces[0])}


def _grown(old: Any, new: Any) -> Any:
    """Merge a field of an unknown delta into the block: text and lists grow, anything else is replaced."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new


def owned(value: Any) -> dict[str, Any]:
    """Copy an object of an event, made encodable.

    Raises:
        ProtocolError: it is no object, or nested too deep.
    """
    if not isinstance(value, dict) or too_deep(value):
        raise ProtocolError("an object was due, and not nested too deep")
    owned: dict[str, Any] = encodable_json(value)
    return owned


def _check_call(fields: dict[str, Any]) -> None:
    if not (isinstance(fields["id"], str) and isinstance(fields["name"], str)):
        raise TypeError("a tool call has no id or name")
    if not isinstance(fields.get("input"), dict):
        fields["input"] = {}


def _tool_input(raw: str) -> dict[str, Any] | None:
    try:
        value = json.loads(raw, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or too_deep(value):
        return None
    cleaned: dict[str, Any] = encodable_json(value)
    return cleaned


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is out of range")
    return number
