"""Joins the halves of surrogate pairs that an upstream cut into two deltas: no frame may hold half a pair."""

from collections.abc import Callable

from chat.claude.encoding.text import split_half
from chat.events import payloads
from chat.events.payloads import Event

_TEXT_KEYS = ("text", "thinking", "partial_json")


class HalfJoiner:
    """Passes events on to `emit`. Half of a pair at the end of a delta waits for the next delta of its block.

    It becomes U+FFFD when the block stops. It is left out when the stream is cut, so that a continuation can begin
    with the whole character.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._waiting: dict[int, tuple[str, str]] = {}

    def __call__(self, event: Event) -> None:
        match event["type"]:
            case "block.start":
                self._waiting.pop(event["index"], None)  # of an earlier message, which was cut
            case "block.delta":
                if not self._join(event):
                    return
            case "block.stop" if event["index"] in self._waiting:
                key, _half = self._waiting.pop(event["index"])
                self._emit(payloads.block_delta(index=event["index"], key=key, value="\ufffd"))
        self._emit(event)

    def _join(self, event: Event) -> bool:
        """Make a delta encodable, with the half that waits for it; return False if nothing is left to show now."""
        index = event["index"]
        for key in _TEXT_KEYS:
            if key in event:
                _key, before = self._waiting.pop(index, (key, ""))
                event[key], half = split_half(before + event[key])
                if half:
                    self._waiting[index] = (key, half)
                return bool(event[key])
        return True
