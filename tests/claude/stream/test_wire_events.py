"""Stream events made of halves of characters, and of whole messages."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.encoding.text import BrokenText, encodable_json
from chat.claude.stream.fold import Fold
from chat.claude.stream.wire_events import events_of, is_message, joinable_event
from tests.claude.strategies import folded, streams

START = {"type": "message_start", "message": {"content": []}}
# Block type: the field of its text, and the type and the field of its deltas.
KINDS = {
    "text": ("text", "text_delta", "text"),
    "thinking": ("thinking", "thinking_delta", "thinking"),
    "tool_use": ("input", "input_json_delta", "partial_json"),
}
any_text = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("😀🏴\U0010ffff"), max_size=12)


def utf16_pieces(text: str, cuts: list[int]) -> list[str]:
    """Cut a text at UTF-16 units; the pieces may hold halves of pairs."""
    units = text.encode("utf-16-le")
    places = [0, *sorted(2 * min(cut, len(units) // 2) for cut in cuts), len(units)]
    return [
        units[begin:end].decode("utf-16-le", "surrogatepass") for begin, end in itertools.pairwise(places)
    ]


def parsed(event: dict[str, Any]) -> Any:
    """Send an event as JSON, as servers do."""
    return joinable_event(json.loads(json.dumps(event)))


@pytest.mark.parametrize("kind", KINDS)
@given(
    text=any_text, cuts=st.lists(st.integers(0, 24), max_size=4), in_start=st.booleans(), looks=st.booleans()
)
def test_text_cut_at_any_unit_is_the_same_text(
    kind: str, text: str, cuts: list[int], in_start: bool, looks: bool
) -> None:
    field, delta_type, key = KINDS[kind]
    is_input = kind == "tool_use"
    raw = json.dumps({"t": text}, ensure_ascii=False) if is_input else text
    pieces = utf16_pieces(raw, cuts)
    first = pieces.pop(0) if in_start and not is_input else ""
    begin = {"type": kind, "id": "toolu_1", "name": "look", field: {} if is_input else first}
    fold = Fold()
    fold.apply(START)
    fold.apply(parsed({"type": "content_block_start", "index": 0, "content_block": begin}))
    for piece in pieces:
        delta = {"type": delta_type, key: piece}
        fold.apply(parsed({"type": "content_block_delta", "index": 0, "delta": delta}))
        if looks:  # a reader of the unfinished message changes nothing
            assert encodable_json(fold.message) == fold.message
    fold.apply({"type": "content_block_stop", "index": 0})
    assert fold.message["content"][0][field] == ({"t": text} if is_input else text)


def test_only_text_that_goes_on_keeps_halves() -> None:
    half = "\ud83d"
    event = parsed(
        {"type": half, "delta": {"type": "x", "text": half, "other": [half]}, "content_block": half}
    )
    assert event == {
        "type": "\ufffd",
        "delta": {"type": "x", "text": half, "other": ["\ufffd"]},
        "content_block": "\ufffd",
    }
    assert isinstance(event["delta"]["text"], BrokenText)
    assert joinable_event([half]) == ["\ufffd"]


def test_deep_events_are_refused() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(ValueError, match="too deep"):
        joinable_event({"delta": deep})


@given(streams())
def test_events_of_a_message_fold_into_it(events: list[dict[str, Any]]) -> None:
    message = folded(events).message
    again = folded(list(events_of(message)))
    assert again.ended
    assert again.message == message
    assert list(map(list, again.message["content"])) == list(map(list, message["content"])), "order of keys"


def test_message_without_its_parts_is_folded_too() -> None:
    bare = {"type": "message", "content": ["odd"]}
    assert is_message(bare)
    assert folded(list(events_of({**bare, "content": []}))).message["usage"] == {}


@pytest.mark.parametrize(
    "value", [[], "x", {"type": "error"}, {"type": "message"}, {"type": "message", "content": "x"}]
)
def test_other_json_is_no_message(value: Any) -> None:
    assert not is_message(value)
